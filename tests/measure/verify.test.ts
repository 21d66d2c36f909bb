/** Verification: which rows are checked, and that wrong outputs are found. */

import { describe, expect, it } from 'vitest';
import { allowedErrors, compareRows, tolerance } from '../../src/host/comparison.ts';
import { oracle } from '../../src/host/oracle.ts';
import { chooseRows } from '../../src/measure/verify.ts';
import { blockStarts, chooseSlice, wholeSlice } from '../../src/problem/slice.ts';
import { workload } from '../workloads.ts';

const W = workload({ headDim: 64, seqQuery: 300, queryHeads: 4, kvHeads: 2, batch: 2, mask: 'causal' });

describe('rows to check', () => {
  it('hold the first and the last row, lie in the slice, and depend on the seed', () => {
    const slice = chooseSlice(W, 16, { flops: 0, tiles: 8, tensorBytes: Number.POSITIVE_INFINITY });
    const rows = chooseRows(W, slice, 1);
    const starts = blockStarts(slice);
    expect(rows.every(({ row }) => starts.includes(row - (row % 16)))).toBe(true);
    expect(rows.map(({ row }) => row)).toContain(starts[0]);
    expect(chooseRows(W, slice, 1)).toEqual(rows);
    expect(chooseRows(W, wholeSlice(W, 16), 2)).not.toEqual(chooseRows(W, wholeSlice(W, 16), 1));
  });

  it('are few where the keys are many', () => {
    const long = workload({ headDim: 128, seqQuery: 131072 });
    expect(chooseRows(long, wholeSlice(long, 64), 1)).toHaveLength(4);
  });
});

describe('comparison', () => {
  const data = { kind: 'normal', seed: 5 } as const;
  const rows = chooseRows(W, wholeSlice(W, 16), 1);
  const references = oracle(W, data, rows);
  const outputs = () => references.map(({ output }) => Float32Array.from(output));

  it('accepts rounding to f32', () => {
    const { maxRelativeError } = compareRows(W, references, outputs());
    expect(maxRelativeError).toBeGreaterThan(0);
    expect(maxRelativeError).toBeLessThan(1e-6);
  });

  it.each([
    ['a value off by a thousandth of the row', (row: Float32Array) => row.fill((row[3] ?? 0) + 0.001, 3, 4)],
    ['zeros', (row: Float32Array) => row.fill(0)],
    ['NaN', (row: Float32Array) => row.fill(Number.NaN, 0, 1)],
    ['infinity', (row: Float32Array) => row.fill(Number.POSITIVE_INFINITY, 9, 10)],
  ])('finds %s in one row', (_, spoil) => {
    const wrong = outputs();
    spoil(wrong[2] as Float32Array);
    const result = compareRows(W, references, wrong);
    expect(result).not.toMatchOracle();
  });

  it('allows for weights rounded to halves what their errors can add, and not to other kernels', () => {
    const rounding = (weights: 'f16' | 'f32') => ({ output: 'f16', weights, independent: true, sides: 1 }) as const;
    const size = (values: Float64Array) => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
    for (const reference of references) {
      const [with16, with32] = (['f16', 'f32'] as const).map((type) => allowedErrors(W, reference, rounding(type)));
      const added = (with16 ?? new Float64Array()).map((value, d) => value - (with32?.[d] ?? 0));
      // A row of normal values is of the size that its terms have by chance: 4 2^-11 of that and once 2^-11; it may be smaller by chance.
      expect(size(added)).toBeLessThan(10 * 2 ** -11 * size(reference.output));
      expect(Math.min(...added)).toBeGreaterThan(0);
      // A single key's weight may be rounded as the output is.
      if (reference.keys === 1) {
        const largest = Math.max(...reference.output.map(Math.abs));
        expect(Math.max(...added)).toBeCloseTo(2 ** -11 * largest, 3);
      }
    }
  });

  it('allows more to large logits and to very long keys', () => {
    expect(tolerance(W, 4)).toBe(5e-5);
    expect(tolerance(W, 80)).toBeCloseTo(5e-4, 10);
    expect(tolerance(workload({ seqQuery: 1, seqKv: 131072 }), 4)).toBeCloseTo(2e-4, 10);
  });
});

describe('rows of every head', () => {
  it('are checked where the keys of all heads are few', () => {
    const w = workload({ headDim: 64, seqQuery: 200, queryHeads: 12, kvHeads: 4, batch: 5 });
    const rows = chooseRows(w, wholeSlice(w, 16), 3);
    expect(new Set(rows.map(({ batch, queryHead }) => `${batch} ${queryHead}`)).size).toBe(60);
  });
});
