/** Ratios from samples with their rounds: which rounds pair, which kernels are divided by which, and records without rounds. */

import { describe, expect, it } from 'vitest';
import { parseRunFile } from '../../src/compare/run-file.ts';
import { decidedRatio, pairedRatio, ratiosOf, sharedRounds } from '../../src/measure/ratios.ts';
import type { Measured } from '../../src/record/measurement.ts';
import { measured, runOf } from '../runs.ts';

/** Samples at these rates, by round, two in each process; undefined where a round skipped the kernel. */
const series = (rates: readonly (number | undefined)[]) =>
  rates.flatMap((rate, round) =>
    rate === undefined
      ? []
      : [{ seconds: 1 / rate, flops: 1, clock: 'wall' as const, round, process: Math.floor(round / 2) }],
  );

const at = (kernel: string, rates: readonly (number | undefined)[], changes: Partial<Measured> = {}): Measured => ({
  ...measured({ seqQuery: 512 }),
  kernel,
  samples: series(rates),
  ...changes,
});

describe('pairs of rounds', () => {
  it('are the rounds in which all ran', () => {
    const shared = sharedRounds([series([1, 2, 4, 8]), series([undefined, 1, 2, 4]), series([1, 1, undefined, 1])]);
    expect(shared.map(({ rates }) => rates)).toEqual([
      [2, 1, 1],
      [8, 4, 1],
    ]);
  });

  it('are not shifted by a round that skipped one of the two', () => {
    // Both halve their speed in round 2, which the base missed: by index the pairs would be 1, 2 and 1.
    const found = pairedRatio(series([2, 2, 1, 2]), series([1, 1, undefined, 1]));
    expect(found).toMatchObject({ median: 2, minimum: 2, maximum: 2, rounds: 3 });
  });

  it('have an interval from three processes on, and bounds for decisions in fewer', () => {
    const [own, base] = [series([4, 4, 4, 4, 4, 4]), series([2, 2, 2, 2, 2, 2])];
    expect(pairedRatio(own, base)).toMatchObject({ median: 2, low: 2, high: 2, rounds: 6 });
    const one = (samples: typeof own) => samples.map(({ process: _, ...sample }) => sample);
    expect(pairedRatio(one(own), one(base))).toMatchObject({ median: 2, low: null, high: null, rounds: 6 });
    expect(decidedRatio(one(own), one(base))).toMatchObject({ median: 2, low: 2, high: 2, rounds: 6 });
  });

  it('are none for samples without rounds', () => {
    const { samples } = measured({});
    expect(pairedRatio(samples, samples)).toBeNull();
  });
});

describe('the ratios of measurements', () => {
  const six = (rate: number) => Array.from({ length: 6 }, () => rate);

  it('divide by the baseline and by the kernel that an ablation varies', () => {
    const all = [at('wasm-flash', six(4)), at('wasm-flash-phases', six(2)), at('scalar-flash', six(1))];
    expect(ratiosOf(all, 'scalar-flash')).toMatchObject([
      { kernel: 'wasm-flash', baseline: 'scalar-flash', ratio: 4, low: 4, high: 4 },
      { kernel: 'wasm-flash-phases', baseline: 'scalar-flash', ratio: 2 },
      { kernel: 'wasm-flash-phases', baseline: 'wasm-flash', ratio: 0.5 },
    ]);
  });

  it('divide a kernel by itself on the first device that ran it, with that device named', () => {
    const all = [at('wasm-flash', six(4)), at('wasm-flash', six(3), { device: 1, host: 'browser' })];
    expect(ratiosOf(all, null)).toMatchObject([
      { kernel: 'wasm-flash', baseline: 'wasm-flash', device: 1, baselineDevice: 0, ratio: 0.75 },
    ]);
  });

  it('do not take a baseline elsewhere for one that failed here', () => {
    const failed = { ...at('scalar-flash', six(1)), state: 'failed' as const, message: 'it did' };
    const elsewhere = at('scalar-flash', six(1), { device: 1 });
    expect(ratiosOf([at('wasm-flash', six(4)), failed, elsewhere], 'scalar-flash')).toEqual([]);
  });

  it('do not pair cases of one workload that ran at other times', () => {
    const later = series([...Array.from({ length: 6 }, () => undefined), ...six(2)]);
    const all = [at('wasm-flash', six(4)), at('wasm-flash', [], { device: 1, threads: 1, samples: later })];
    expect(ratiosOf(all, null)).toEqual([]);
  });
});

describe('a journal', () => {
  const journal = (...measurements: Measured[]) => {
    const { schema, context } = runOf([]);
    return [{ schema, context }, ...measurements].map((line) => `${JSON.stringify(line)}\n`).join('');
  };

  it('has the ratios that its run had', () => {
    const text = journal(at('wasm-flash', [4, 4, 4]), at('wasm-flash-phases', [2, undefined, 1]));
    const { ratios, measurements } = parseRunFile(text, 'a journal', 'avo');
    expect(ratios).toMatchObject([{ kernel: 'wasm-flash-phases', baseline: 'wasm-flash', ratio: 0.375 }]);
    expect(ratios).toEqual(ratiosOf(measurements, null));
  });

  it('from before rounds were kept is paired by index, on one device only', () => {
    const old = (kernel: string, rates: number[], device = 0) => {
      const m = at(kernel, rates, { device });
      return { ...m, samples: m.samples.map(({ round: _, ...sample }) => sample) };
    };
    const text = journal(old('wasm-flash', [4, 4]), old('wasm-flash-phases', [2, 1]), old('wasm-flash', [1, 1], 1));
    const { ratios, measurements } = parseRunFile(text, 'an old journal', 'avo');
    expect(ratios).toMatchObject([{ kernel: 'wasm-flash-phases', baseline: 'wasm-flash', ratio: 0.375 }]);
    expect(measurements[0]?.state === 'measured' && measurements[0].samples[0]).not.toHaveProperty('round');
  });
});
