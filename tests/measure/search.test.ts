/** The search for a configuration: halving, continuing, winning beyond the noise only; and what makes one impossible. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import type { Configuration } from '../../kernels/kernel.ts';
import { combinations, sameConfiguration } from '../../kernels/tunable.ts';
import {
  continueSearch,
  finalist,
  isComplete,
  type PairedComparison,
  parseSearch,
  type Search,
  winner,
} from '../../src/measure/search.ts';
import { workload } from '../workloads.ts';

const tile = (n: number): Configuration => ({ rows: n });

function newSearch(count: number): Search {
  const candidates = Array.from({ length: count }, (_, i) => tile(i + 1));
  const key = { kernel: 'k', device: 'd', variant: null, headDim: 128, mask: 'full', dtype: 'f32' };
  return { ...key, shipped: tile(0), candidates, trials: [] };
}

/** Candidate n runs at 1 + n / 100 of the shipped configuration; from 6 rounds on with an interval of 1 %. */
function fixedComparison(log: [number, number][] = []): PairedComparison {
  return async ({ rows }, rounds) => {
    log.push([Number(rows), rounds]);
    if (rows === 3) return { message: 'wrong result' };
    const ratio = 1 + Number(rows) / 100;
    const bounds = rounds >= 6 ? { low: ratio - 0.01, high: ratio + 0.01 } : { low: null, high: null };
    return { ratio, ...bounds, rounds };
  };
}

const calm = { spent: () => 0, signal: { aborted: false }, onTrial: () => {} };

describe('continueSearch', () => {
  it('lets all meet the shipped configuration, a quarter again, the best for longest', async () => {
    const search = newSearch(12);
    const log: [number, number][] = [];
    await continueSearch(search, fixedComparison(log), calm);
    const rung = (rounds: number) => log.filter((entry) => entry[1] === rounds).map(([rows]) => rows);
    expect(rung(2)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect(rung(4)).toEqual([12, 11, 10]);
    expect(rung(9)).toEqual([12]);
    expect(winner(search)?.tile).toEqual(tile(12));
    expect(isComplete(search)).toBe(true);
    expect(search.trials.find((trial) => trial.tile['rows'] === 3)).toMatchObject({
      ratio: null,
      message: 'wrong result',
    });
  });

  it('goes to the last paired comparisons when its time is up, and continues where it was left', async () => {
    const search = newSearch(12);
    let compared = 0;
    await continueSearch(search, fixedComparison(), {
      ...calm,
      spent: () => (compared >= 5 ? 0.7 : 0),
      onTrial: () => {
        compared += 1;
      },
    });
    expect(search.trials.filter(({ rung }) => rung === 0)).toHaveLength(5);
    expect(isComplete(search)).toBe(false);
    expect(winner(search)?.tile).toEqual(tile(5));
    const again: [number, number][] = [];
    const read = parseSearch(JSON.parse(JSON.stringify(search)));
    if (read === null) throw new Error('not a search');
    await continueSearch(read, fixedComparison(again), calm);
    expect(again.filter(([, rounds]) => rounds === 2).map(([rows]) => rows)).toEqual([6, 7, 8, 9, 10, 11, 12]);
    expect(winner(read)?.tile).toEqual(tile(12));
  });

  it('has a last paired comparison even where the first took all of the time', async () => {
    const search = newSearch(12);
    let compared = 0;
    await continueSearch(search, fixedComparison(), {
      ...calm,
      spent: () => (compared >= 5 ? 2 : 0),
      onTrial: () => {
        compared += 1;
      },
    });
    expect(search.trials.map(({ rung }) => rung)).toEqual([0, 0, 0, 0, 0, 2]);
    expect(winner(search)?.tile).toEqual(tile(5));
  });

  it('keeps what it has when it is interrupted, and nothing of the paired comparison that was', async () => {
    const search = newSearch(6);
    const signal = { aborted: false };
    const compare: PairedComparison = async (candidate, rounds) => {
      if (candidate['rows'] === 3) signal.aborted = true;
      return fixedComparison()(candidate, rounds);
    };
    await continueSearch(search, compare, { ...calm, signal });
    expect(search.trials.map(({ tile: { rows } }) => rows)).toEqual([1, 2]);
    expect(finalist(search)).toBeUndefined();
  });

  it('prefers a sure gain to a lucky one', async () => {
    const search = newSearch(2);
    const compare: PairedComparison = async ({ rows }, rounds) =>
      rows === 1 ? { ratio: 1.03, low: 1.02, high: 1.04, rounds } : { ratio: 1.07, low: 0.9, high: 1.1, rounds };
    await continueSearch(search, compare, calm);
    search.trials.push({ rung: 2, tile: tile(1), ratio: 1.03, low: 1.02, high: 1.04, rounds: 9, message: null });
    expect(finalist(search)?.tile).toEqual(tile(2));
    expect(winner(search)?.tile).toEqual(tile(1));
  });

  it('has no winner within the noise', async () => {
    const search = newSearch(1);
    await continueSearch(search, async (_, rounds) => ({ ratio: 1.02, low: 0.99, high: 1.05, rounds }), calm);
    expect(finalist(search)?.ratio).toBe(1.02);
    expect(winner(search)).toBeNull();
  });
});

describe.each(['wasm-flash', 'wgsl-flash'])('tiles of %s', (name) => {
  const { tunable } = findKernel(name);
  if (tunable === undefined) throw new Error(`${name} has no tiles`);
  const features = { relaxedSimd: true, simd256: true, f16: false };
  const limits = { memoryBytes: 2 ** 33, tensorBytes: 2 ** 27, workgroupMemoryBytes: 16384, workgroupInvocations: 256 };
  const device = { features, limits };

  it.each([32, 48, 64, 128, 256])(
    'head dimension %i: candidates are possible, different and not the shipped one',
    (headDim) => {
      const w = workload({ headDim });
      const shipped = tunable.shipped(w, device);
      expect(tunable.problem(shipped, w, device)).toBeUndefined();
      const candidates = tunable.candidates(w, device);
      expect(candidates.length).toBeGreaterThan(10);
      expect(candidates.some((candidate) => sameConfiguration(candidate, shipped))).toBe(false);
      expect(new Set(candidates.map((candidate) => JSON.stringify(Object.entries(candidate).sort()))).size).toBe(
        candidates.length,
      );
      for (const candidate of candidates) expect(tunable.problem(candidate, w, device)).toBeUndefined();
    },
  );

  it('a file may hold anything: what is wrong is named', () => {
    const w = workload({ headDim: 128 });
    const shipped = tunable.shipped(w, device);
    const problem = (changes: Configuration) => tunable.problem({ ...shipped, ...changes }, w, device);
    expect(problem({ rows: -1 })).toMatch(/'rows' is -1, not a whole number/);
    expect(problem({ rescale: 'sometimes' })).toMatch(/not always or branch/);
    expect(problem({ colour: 'red' })).toMatch(/unknown field 'colour'/);
    const { rows, ...rest } = shipped;
    expect(rows).toBeDefined();
    expect(tunable.problem(rest, w, device)).toMatch(/has no 'rows'/);
    expect(tunable.problem(7, w, device)).toBe('it is not an object of fields');
    expect(() => tunable.build(rest, w, device)).toThrow(/has no 'rows'/);
  });
});

describe('combinations', () => {
  it('vary fields over a base', () => {
    expect(combinations({ a: 0, b: 0, c: 5 }, { a: [1, 2], b: [3] })).toEqual([
      { a: 1, b: 3, c: 5 },
      { a: 2, b: 3, c: 5 },
    ]);
  });
});
