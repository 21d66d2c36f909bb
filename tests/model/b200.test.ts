/** The model against the figures: what it was fitted on, what it predicts, and how far off it may be. */

import { describe, expect, it } from 'vitest';
import { HEADLINE_TFLOPS } from '../../src/compare/claims.ts';
import { evolutionGain } from '../../src/compare/evolution.ts';
import { modelB200 } from '../../src/model/b200.ts';
import { LIBRARIES } from '../../src/model/libraries.ts';
import { whatIf } from '../../src/model/what-if.ts';
import { flops } from '../../src/problem/flops.ts';

const model = modelB200();
const isMha = ({ workload }: (typeof model.points)[number]) => workload.queryHeads === workload.kvHeads;
const worst = (points: typeof model.points) => Math.max(...points.map(({ error }) => Math.abs(error)));

describe('modelB200', () => {
  it('holds every figure of the AVO paper once, five fitted for each library', () => {
    expect(model.points).toHaveLength(72);
    for (const library of LIBRARIES) {
      const fitted = model.points.filter((point) => point.library === library && point.role === 'fitted');
      expect(fitted.map(({ workload }) => [workload.mask, workload.seqKv]).sort()).toEqual(
        [
          ['causal', 4096],
          ['full', 4096],
          ['full', 8192],
          ['full', 16384],
          ['full', 32768],
        ].sort(),
      );
      expect(fitted.every(isMha)).toBe(true);
    }
  });

  it('gives the fitted figures back within 1 %, the causal one exactly', () => {
    const fitted = model.points.filter(({ role }) => role === 'fitted');
    expect(worst(fitted)).toBeLessThan(0.01);
    expect(worst(fitted.filter(({ workload }) => workload.mask === 'causal'))).toBeLessThan(1e-6);
  });

  it('predicts causal MHA at 8k to 32k within 5 %, GQA at 4k to 16k within 6 %', () => {
    const predicted = model.points.filter(({ role }) => role === 'predicted');
    const mha = predicted.filter(isMha);
    const gqa = predicted.filter((point) => !isMha(point) && point.workload.seqKv <= 16384);
    expect([mha.length, gqa.length]).toEqual([9, 36]);
    expect(worst(mha)).toBeLessThan(0.05);
    expect(worst(gqa)).toBeLessThan(0.06);
  });

  it('is better than half of a stronger guess for causal MHA: the figure without a mask, less half of the diagonal', () => {
    const predicted = model.points.filter((point) => point.role === 'predicted' && isMha(point));
    const mean = (list: number[]) => list.reduce((sum, value) => sum + Math.abs(value), 0) / list.length;
    const guesses = predicted.map(({ library, workload: { seqKv }, published }) => {
      const full = model.points.find(
        (p) => isMha(p) && p.library === library && p.workload.mask === 'full' && p.workload.seqKv === seqKv,
      );
      const tiles = seqKv / 256;
      return ((full?.published ?? Number.NaN) * tiles) / (tiles + 1) / published - 1;
    });
    // As docs/model.md has them.
    expect(100 * mean(guesses)).toBeCloseTo(5.03, 2);
    expect(mean(predicted.map(({ error }) => error))).toBeLessThan(mean(guesses) / 2);
  });

  it('shows GQA at 32k with the error that it has', () => {
    const gqa = model.points.filter((point) => !isMha(point) && point.workload.seqKv === 32768);
    expect(gqa).toHaveLength(12);
    expect(worst(gqa)).toBeGreaterThan(0.1);
    expect(model.remarks.some((remark) => remark.startsWith('GQA at 32k'))).toBe(true);
  });

  it('remarks what the numbers show', () => {
    const at = (library: string, mask: string, kvHeads: number, seq: number) =>
      model.points.find(
        ({ library: name, workload: w }) =>
          name === library && w.mask === mask && w.kvHeads === kvHeads && w.seqKv === seq,
      );
    for (const library of LIBRARIES) {
      for (const kvHeads of [4, 8]) {
        const [gqa, mha] = [at(library, 'full', kvHeads, 32768), at(library, 'full', 16, 32768)];
        const fall = 1 - (gqa?.published ?? 0) / (mha?.published ?? 0);
        expect(fall).toBeGreaterThan(0.08);
        expect(fall).toBeLessThan(0.125);
        expect(gqa?.publishedError).toBeGreaterThanOrEqual(11);
        expect(gqa?.publishedError).toBeLessThanOrEqual(36);
        for (const seq of [4096, 8192])
          expect(at(library, 'full', kvHeads, seq)?.publishedError).toBeLessThanOrEqual(3);
      }
      for (const seq of [8192, 16384, 32768]) {
        const error = at(library, 'causal', 16, seq)?.error ?? 0;
        expect(error).toBeGreaterThan(0.005);
        expect(error).toBeLessThan(0.04);
      }
    }
    const passes = model.points.map(({ workload, published, publishedError }) => {
      const milliseconds = flops(workload, 'half-square') / published / 1e9;
      return { workload, milliseconds, error: publishedError ?? Number.NaN };
    });
    expect(model.points.map(({ passMilliseconds }) => passMilliseconds)).toEqual(
      passes.map(({ milliseconds }) => milliseconds),
    );
    const long = passes.filter(({ milliseconds }) => milliseconds > 5.2);
    const short = passes.filter(({ milliseconds }) => milliseconds < 2.9);
    expect([long.length, short.length]).toEqual([21, 51]);
    expect([Math.min(...long.map(({ error }) => error)), Math.max(...long.map(({ error }) => error))]).toEqual([
      11, 75,
    ]);
    expect(Math.max(...short.map(({ error }) => error))).toBe(6.1);
    const longest = passes.filter(({ milliseconds }) => milliseconds > 10);
    expect(longest).toHaveLength(6);
    expect(longest.every(({ workload: w }) => w.mask === 'full' && w.seqKv === 32768 && w.kvHeads < 16)).toBe(true);
    // Plain blocks of a causal pass: tile i of m has 2 i of them, and 2 masked ones.
    const plain = (m: number) => (m * (m - 1)) / (m * (m + 1));
    expect(plain(16)).toBeCloseTo(0.88, 2);
    expect(plain(128)).toBeCloseTo(0.98, 2);
  });

  it("predicts the FA4 paper's figures of the same libraries, 1k and 2k included, within 5 %", () => {
    expect(model.otherPoints).toHaveLength(24);
    expect(model.otherPoints.every(({ role }) => role === 'predicted')).toBe(true);
    expect(worst(model.otherPoints)).toBeLessThan(0.05);
  });

  it('has the error of each point right', () => {
    for (const { model: value, published, error } of [...model.points, ...model.otherPoints]) {
      expect(published * (1 + error)).toBeCloseTo(value, 8);
    }
  });

  it('sets a naive guess beside every predicted point, and claims skill for 17 of them', () => {
    for (const { role, naive, published } of [...model.points, ...model.otherPoints]) {
      expect(naive === null).toBe(role === 'fitted');
      if (naive !== null) expect(published * (1 + naive.error)).toBeCloseTo(naive.tflops, 8);
    }
    const sets = model.predictions;
    expect(sets.map(({ points, skill }) => [points, skill])).toEqual([
      [9, true],
      [8, true],
      [16, false],
      [18, false],
      [6, false],
      [24, false],
    ]);
    const percent = (set: string) => {
      const { meanError = 0, naiveMeanError = 0 } = sets.find((item) => item.set === set) ?? {};
      return [meanError, naiveMeanError].map((value) => (100 * value).toFixed(2));
    };
    expect(percent('GQA without a mask, 4k to 16k')).toEqual(['1.48', '1.47']);
    expect(percent('causal GQA, 4k to 32k')).toEqual(['2.38', '2.42']);
    expect(percent("MHA at 4k to 32k, the FA4 paper's")).toEqual(['2.36', '2.14']);
  });

  it('guesses GQA from MHA, the FA4 paper from the AVO paper, a causal mask from none', () => {
    const naive = (points: typeof model.points, library: string, mask: string, kvHeads: number, seq: number) =>
      points.find(
        (p) =>
          p.library === library &&
          p.workload.mask === mask &&
          p.workload.kvHeads === kvHeads &&
          p.workload.seqKv === seq,
      )?.naive?.tflops;
    expect(naive(model.points, 'AVO', 'causal', 4, 4096)).toBe(1392);
    expect(naive(model.points, 'AVO', 'causal', 16, 32768)).toBe(1668);
    expect(naive(model.otherPoints, 'FA4', 'causal', 16, 32768)).toBe(1550);
    expect(naive(model.otherPoints, 'FA4', 'causal', 16, 1024)).toBe(1259);
  });

  it('sets a simulated gain beside the published one at each length, and shows that they run apart', () => {
    const at = (mask: string) => model.ablation.find((gain) => gain.idea === 'branchless' && gain.mask === mask);
    for (const { lengths, mask, idea } of model.ablation) {
      expect(lengths.map(({ seq }) => seq)).toEqual([4096, 8192, 16384, 32768]);
      expect(lengths.map(({ published }) => published)).toEqual(
        evolutionGain(idea, mask).lengths.map(({ gain }) => gain),
      );
    }
    const rises = (values: readonly number[]) => values.every((value, i) => i === 0 || value > (values[i - 1] ?? 0));
    const full = at('full')?.lengths ?? [];
    expect(rises(full.map(({ published }) => published))).toBe(true);
    expect(rises(full.map(({ model: gain }) => -gain))).toBe(true);
    const causal = at('causal')?.lengths.map(({ published }) => published) ?? [];
    expect([Math.min(...causal).toFixed(1), Math.max(...causal).toFixed(1)]).toEqual(['1.4', '1.7']);
    expect(model.remarks.some((remark) => remark.includes('6.1 % at 4k to 10.8 % at 32k'))).toBe(true);
  });

  it("simulates branch-free rescaling from FA4's threshold too, where it loses at every length", () => {
    for (const { idea, fromThreshold } of model.ablation) {
      expect(fromThreshold === null).toBe(idea !== 'branchless');
      for (const { model: gain } of fromThreshold?.lengths ?? []) expect(gain).toBeLessThan(0);
    }
  });

  it("has FA4's simulated block shorter than AVO's and its fitted one longer: the simulated pace is not theirs", () => {
    const { blockClocks, fittedBlockClocks, fa4BlockClocks, fa4FittedBlockClocks, fasterCorrection } = model.simulation;
    expect(fa4BlockClocks).toBeLessThan(blockClocks);
    expect(fa4FittedBlockClocks).toBeGreaterThan(fittedBlockClocks);
    expect(fasterCorrection.blockClocks).toBeLessThan(blockClocks);
  });

  it("takes what FA4's source gives from it", () => {
    const value = (name: string) => model.assumptions.find((item) => item.name === name);
    for (const [name, expected] of Object.entries({
      correctionParts: 128 / 16,
      emulatedShare: 0.125,
      emulatedShareCausal: 0.1875,
      splitArrival: 3 / 4,
      rescaleThreshold: 8,
    })) {
      expect(value(name)?.value).toBe(expected);
      expect(value(name)?.source).toMatch(/^FA4 source 71bf77c: \w+/);
    }
  });

  it('has the mean of the simulated gains in its field, and no verdict that hides the lengths behind it', () => {
    for (const gain of model.ablation) {
      const { model: mean, published, error, lengths } = gain;
      const logs = lengths.map(({ model: gain }) => Math.log(1 + gain / 100));
      expect(mean).toBeCloseTo(100 * (Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length) - 1), 9);
      expect(error).toBeCloseTo(mean - published, 9);
      expect(gain).not.toHaveProperty('agrees');
    }
  });

  it('gives every parameter of the simulation a source or the word assumed', () => {
    expect(model.assumptions.length).toBeGreaterThan(20);
    for (const { source, value, unit } of model.assumptions) {
      expect(source === 'assumed' || /arXiv|FA4|datasheet|accelerator/.test(source), source).toBe(true);
      expect(Number.isFinite(value)).toBe(true);
      expect(unit).not.toBe('');
    }
  });

  it('gives the share of the matrix unit as a range over the clock, which the figures do not tell', () => {
    const shares = model.clockRange.map(({ clockHz, matrixShare }) => [
      (clockHz / 1e9).toFixed(2),
      (100 * matrixShare).toFixed(0),
    ]);
    expect(shares).toEqual([
      ['1.41', '100'],
      ['1.85', '76'],
      ['1.97', '72'],
    ]);
    const seconds = model.kernels.find(({ library }) => library === 'AVO')?.constants.blockSeconds ?? 0;
    for (const { clockHz, blockClocks } of model.clockRange) expect(blockClocks / clockHz).toBeCloseTo(seconds, 15);
  });

  it('loses on the way from the peak to 1668 exactly what it says', () => {
    const product = model.waterfall.reduce((value, { factor }) => value * factor, 148 * 8192 * 1.85e9 * 1e-12);
    const point = model.points.find((p) => p.library === 'AVO' && isMha(p) && p.workload.seqKv === 32768);
    expect(product).toBeCloseTo(model.waterfall.at(-1)?.tflops ?? 0, 6);
    expect(product).toBeCloseTo(point?.model ?? 0, 6);
  });
});

describe('what-if', () => {
  it('changes nothing where nothing changes', () => {
    for (const { b200, model: value } of whatIf({}).points) expect(value).toBeCloseTo(b200, 9);
  });

  it('scales with the clock, and needs fewer units then', () => {
    const faster = whatIf({ clockHz: 3.7e9 });
    for (const { b200, model: value } of faster.points) expect(value / b200).toBeCloseTo(2, 9);
    expect(faster.needs.units ?? 0).toBeLessThan(whatIf({}).needs.units ?? 0);
  });

  it('finds the clock at which the target is reached', () => {
    const { needs } = whatIf({ units: 120 });
    const reached = whatIf({ units: 120, clockHz: needs.clockHz ?? 0 }).points.find(
      ({ workload }) => workload.seqKv === 32768 && workload.mask === 'full',
    );
    expect(reached?.model).toBeCloseTo(HEADLINE_TFLOPS, 6);
  });

  it('never passes the roofline', () => {
    const slow = whatIf({ memoryBytesPerSecond: 1e9 });
    for (const { model: value, roofline, binds } of slow.points) {
      expect(value).toBeLessThanOrEqual(roofline);
      expect(binds).toBe('memory');
    }
    expect(slow.needs).toMatchObject({ units: null, clockHz: null });
  });
});
