/** The search for a configuration: halving, continuing, winning beyond the noise only; and what makes one impossible. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import type { Configuration } from '../../kernels/kernel.ts';
import { combinations, sameConfiguration } from '../../kernels/tunable.ts';
import { continueSearch, type PairedComparison } from '../../src/measure/search.ts';
import {
  candidatesOf,
  finalist,
  isComplete,
  parseSearch,
  type Search,
  winner,
} from '../../src/measure/search-record.ts';
import { workload } from '../workloads.ts';

const tile = (n: number): Configuration => ({ rows: n });

function newSearch(count: number): Search {
  const candidates = Array.from({ length: count }, (_, i) => tile(i + 1));
  const key = { kernel: 'k', device: 'd', variant: null, headDim: 128, mask: 'full', dtype: 'f32' };
  return { ...key, shipped: tile(0), candidates, alternatives: [], pruned: [], unsupported: [], trials: [] };
}

/** Candidate n runs at 1 + n / 100 of the shipped configuration; from 6 rounds on with an interval of 1 %. */
function fixedComparison(log: [number, number][] = []): PairedComparison {
  return async ({ tile: { rows } }, rounds) => {
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
    expect(rung(10)).toEqual([12]);
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
    const compare: PairedComparison = async (candidate, rounds, final) => {
      if (candidate.tile['rows'] === 3) signal.aborted = true;
      return fixedComparison()(candidate, rounds, final);
    };
    await continueSearch(search, compare, { ...calm, signal });
    expect(search.trials.map(({ tile: { rows } }) => rows)).toEqual([1, 2]);
    expect(finalist(search)).toBeUndefined();
  });

  it('prefers a sure gain to a lucky one', async () => {
    const search = newSearch(2);
    const compare: PairedComparison = async ({ tile: { rows } }, rounds) =>
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

describe('a search among kernels', () => {
  /** The same with a second kernel, whose candidates are 0 (as it is shipped), 20 and 21. */
  const amongTwo = (count: number): Search => ({
    ...newSearch(count),
    alternatives: [{ kernel: 'other', shipped: tile(0), candidates: [tile(20), tile(21)] }],
  });
  const names = (search: Search) =>
    search.trials.map(({ rung, kernel, tile: { rows } }) => `${rung} ${kernel} ${rows}`);

  it('begins with the other kernel as it is shipped, and takes the candidates of both in turn', () => {
    const order = candidatesOf(amongTwo(3)).map(({ kernel, tile: { rows } }) => `${kernel} ${rows}`);
    expect(order).toEqual(['other 0', 'k 1', 'other 20', 'k 2', 'other 21', 'k 3']);
  });

  it('has a winner that names its kernel', async () => {
    const search = amongTwo(12);
    await continueSearch(search, fixedComparison(), calm);
    expect(winner(search)).toMatchObject({ kernel: 'other', tile: tile(21), rounds: 10 });
    expect(isComplete(search)).toBe(true);
    // The best of either kernel comes to the last paired comparisons.
    expect(names(search).filter((name) => name.startsWith('2'))).toEqual(['2 other 21', '2 other 20', '2 k 12']);
  });

  it('loses no kernel by the failures of another', async () => {
    const search = amongTwo(2);
    const compare: PairedComparison = async (candidate, rounds, final) =>
      candidate.kernel === 'other' ? { message: 'device lost' } : fixedComparison()(candidate, rounds, final);
    await continueSearch(search, compare, calm);
    expect(search.trials.filter(({ message }) => message === 'device lost')).toHaveLength(3);
    expect(winner(search)).toMatchObject({ kernel: 'k', tile: tile(2) });
  });

  it('begins no comparison that would not end within its budget, but one of each kind', async () => {
    const search = newSearch(12);
    let clock = 0;
    const slow: PairedComparison = async (candidate, rounds, final) => {
      clock += 0.4;
      return fixedComparison()(candidate, rounds, final);
    };
    await continueSearch(search, slow, { ...calm, spent: () => clock });
    expect(names(search)).toEqual(['0 k 1', '0 k 2', '2 k 2']);
  });
});

describe('the record of a search', () => {
  const { alternatives: _, pruned: __, unsupported: ___, ...old } = newSearch(2);
  const trial = { rung: 2, tile: tile(1), ratio: 1.2, low: 1.1, high: 1.3, message: null };

  it('of an older version has one kernel', () => {
    const read = parseSearch({ ...old, trials: [{ ...trial, rounds: 9 }] });
    expect(read).toMatchObject({ alternatives: [], pruned: [], unsupported: [] });
    expect(read === null ? null : winner(read)?.tile).toEqual(tile(1));
  });

  it('has no winner in fewer than 6 paired rounds', () => {
    expect(winner({ ...newSearch(2), trials: [{ ...trial, rounds: 5 }] })).toBeNull();
    expect(winner({ ...newSearch(2), trials: [{ ...trial, rounds: 6 }] })).not.toBeNull();
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
      const w = workload({ headDim, seqQuery: 64 });
      const shipped = tunable.shipped(w, device);
      expect(tunable.problem(shipped, w, device)).toBeUndefined();
      const { candidates } = tunable.shortlist(w, device);
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
