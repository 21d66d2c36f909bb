/** The evolution of AVO's kernel: its points against the other figures of the paper, and what is computed from them. */

import { describe, expect, it } from 'vitest';
import { EVOLUTION, EVOLUTION_MASKS, evolutionGain, versionRates } from '../../src/compare/evolution.ts';
import { publishedFigures } from '../../src/compare/published-figures.ts';
import { formatEvolution } from '../../src/report/evolution-text.ts';

/** AVO in figure 3 of the paper, from its bars, to 0.1 TFLOPS. */
const FIGURE_3 = { full: [1573.4, 1615.2, 1664.4, 1667.6], causal: [1391.8, 1482.5, 1582.1, 1637.3] };

const geometricMean = (values: readonly number[]) =>
  Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);

describe('the evolution', () => {
  it('has 28 versions from 8 to 40, with all lengths but one', () => {
    const versions = EVOLUTION.versions.map(({ version }) => version);
    expect([versions.length, versions[0], versions.at(-1)]).toEqual([28, 8, 40]);
    expect(versions).toEqual([...new Set(versions)].sort((a, b) => a - b));
    const missing = EVOLUTION.versions.flatMap(({ version, ...rates }) =>
      EVOLUTION_MASKS.flatMap((mask) =>
        rates[mask].tflops.flatMap((value, index) =>
          value === null ? [`${version} ${mask} ${EVOLUTION.seqs[index]}`] : [],
        ),
      ),
    );
    expect(missing).toEqual(['10 full 4096']);
  });

  it.each(EVOLUTION_MASKS)('ends, %s, at figure 3 to 0.1 TFLOPS, and at its printed labels', (mask) => {
    versionRates(40, mask).tflops.forEach((value, index) => {
      expect(value).toBeCloseTo(FIGURE_3[mask][index] ?? 0, 1);
      const label = publishedFigures('avo').find(
        ({ library, workload: w }) =>
          library === 'AVO' && w.kvHeads === 16 && w.mask === mask && w.seqKv === EVOLUTION.seqs[index],
      );
      expect(Math.abs((value ?? 0) - (label?.tflops ?? 0))).toBeLessThan(0.55);
    });
  });

  it('has the geometric means of the libraries that figure 3 gives', () => {
    for (const { library, ...means } of EVOLUTION.libraries) {
      for (const mask of EVOLUTION_MASKS) {
        const labels = publishedFigures('avo').filter(
          (figure) => figure.library === library && figure.workload.kvHeads === 16 && figure.workload.mask === mask,
        );
        expect(labels).toHaveLength(4);
        expect(Math.abs(geometricMean(labels.map(({ tflops }) => tflops)) - means[mask])).toBeLessThan(1);
      }
    }
  });

  it('keeps the best geometric mean so far, and computes none from three lengths', () => {
    expect(versionRates(10, 'full')).toMatchObject({ geometricMean: null, best: versionRates(8, 'full').best });
    for (const mask of EVOLUTION_MASKS) {
      const bests = EVOLUTION.versions.map((item) => item[mask].best ?? 0);
      expect(bests).toEqual([...bests].sort((a, b) => a - b));
      for (const item of EVOLUTION.versions)
        expect(item[mask].best).toBeGreaterThanOrEqual(item[mask].geometricMean ?? 0);
    }
    expect(versionRates(13, 'full').geometricMean).toBeCloseTo(1477, 0);
    expect(versionRates(18, 'full').geometricMean).toBeCloseTo(1349, 0);
  });

  it("gives five of table 1's six gains to its last digit; the overlap without a mask comes out at +0.8, not +1.1 %", () => {
    const [off, right] = [true, false].map((wanted) =>
      EVOLUTION.gains.filter(({ geometricMean: { gain }, published }) => Math.abs(gain - published) > 0.055 === wanted),
    );
    expect(right).toHaveLength(5);
    expect(off?.map(({ technique, mask }) => [technique, mask])).toEqual([['overlap', 'full']]);
    expect(evolutionGain('overlap', 'full').geometricMean.gain).toBeCloseTo(0.83, 2);
    // Three tenths of a point hold for all six.
    for (const {
      geometricMean: { gain },
      published,
    } of EVOLUTION.gains)
      expect(Math.abs(gain - published)).toBeLessThan(0.3);
  });

  it('gives the gains of each length', () => {
    const gains = (technique: 'branchless' | 'overlap' | 'registers', mask: 'full' | 'causal') =>
      evolutionGain(technique, mask).lengths.map(({ gain }) => Number(gain.toFixed(1)));
    expect(gains('branchless', 'full')).toEqual([6.1, 7, 8.6, 10.8]);
    expect(gains('branchless', 'causal')).toEqual([1.7, 1.4, 1.6, 1.6]);
    expect(gains('overlap', 'full')).toEqual([0, 0.2, 1, 2.1]);
    expect(gains('overlap', 'causal')).toEqual([0.3, 0.6, 0.3, 0.2]);
    expect(gains('registers', 'full')).toEqual([1, 2.1, 4.2, 1]);
    expect(gains('registers', 'causal')).toEqual([0.9, 0.8, -0.7, -0.9]);
  });

  it('tells what a gain only wins back from what is new', () => {
    const mean = (version: number) => versionRates(version, 'full').geometricMean ?? 0;
    const repair = (technique: 'branchless' | 'overlap' | 'registers') =>
      evolutionGain(technique, 'full').geometricMean;
    expect(mean(33)).toBeLessThan(mean(27));
    for (const technique of ['overlap', 'registers'] as const)
      expect(repair(technique).repair).toBe(repair(technique).gain);
    expect(repair('branchless').repair).toBeCloseTo(100 * (mean(13) / mean(19) - 1), 10);
    for (const {
      geometricMean: { gain, repair: part },
    } of EVOLUTION.gains)
      expect(part).toBeLessThanOrEqual(Math.max(0, gain));
  });

  it('is printed with the turning points and the parts won back', () => {
    const text = formatEvolution(120);
    expect(EVOLUTION.turningPoints.map(({ version }) => version)).toEqual([8, 13, 20, 30, 33]);
    for (const { version, change } of EVOLUTION.turningPoints)
      expect(text).toMatch(new RegExp(`^ *${version} .*${change}$`, 'm'));
    expect(text).toContain('versions 30 and 33 reach 1569 and 1593 TFLOPS, less than the 1605 of version 27');
    expect(text).toContain('1458 against 1580 TFLOPS');
    expect(text).toMatch(/read from the vector drawing/);
  });
});
