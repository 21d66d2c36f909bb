/** The float64 sums of every row from drawn values: those of the oracle's rows, whatever the mask, the slice and the scores. */

import { describe, expect, it } from 'vitest';
import { addressOf, type ExpectedRow, expectedSums, hasExpectedSums } from '../../src/host/expected-sums.ts';
import { oracle } from '../../src/host/oracle.ts';
import { sumsOf, sumWeights } from '../../src/host/row-sums.ts';
import { layoutOf } from '../../src/host/tensor-layout.ts';
import { type Slice, wholeSlice } from '../../src/problem/slice.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

const DATA = { kind: 'drawn', seed: 3 } as const;
const SUMS = 9;

function expectedOf(w: Workload, slice: Slice): ExpectedRow[] {
  const rows: ExpectedRow[] = [];
  const steps = expectedSums(w, DATA, slice, SUMS, (index, row) => {
    rows[index] = row;
  });
  while (steps.next().done !== true);
  return rows;
}

const HEADS = { batch: 2, queryHeads: 4, kvHeads: 2, headDim: 32, seqQuery: 150 } as const;
const CASES: [string, Workload][] = [
  ['full', workload(HEADS)],
  ['causal', workload({ ...HEADS, mask: 'causal' })],
  ['a causal window', workload({ ...HEADS, mask: 'causal', window: 30 })],
  ['a window to both sides', workload({ ...HEADS, window: 9 })],
  ['more keys than queries', workload({ ...HEADS, mask: 'causal', seqKv: 400 })],
  ['queries that see no key', workload({ ...HEADS, mask: 'causal', seqKv: 40 })],
  ['huge logits', workload({ ...HEADS, mask: 'causal', scale: 300 })],
  ['halves', workload({ ...HEADS, dtype: 'f16' })],
  ['a soft-cap and sinks', workload({ ...HEADS, softcap: 1.5, sinks: true })],
  ['sinks beside huge logits', workload({ ...HEADS, mask: 'causal', sinks: true, scale: 1000 })],
];

describe.each(CASES)('%s', (_, w) => {
  it.each<[string, Slice]>([
    ['whole', wholeSlice(w, 16)],
    [
      'a part',
      {
        ...{ batches: 1, kvHeads: 1, firstBatch: 1, firstKvHead: 1, blockRows: 16 },
        runs: [
          { start: 1, count: 1 },
          { start: 8, count: 2 },
        ],
      },
    ],
  ])('%s', (__, slice) => {
    const found = expectedOf(w, slice);
    const addresses = found.map((___, index) => addressOf(w, slice, index));
    const weights = sumWeights(SUMS, w.headDim);
    oracle(w, DATA, addresses).forEach(({ output, maxLogit }, index) => {
      const sum = (from: number) =>
        output.reduce((total, value, d) => total + value * (weights[from + d] as number), 0);
      expect(found[index]?.first).toBeCloseTo(sum(0), 10);
      expect(found[index]?.second).toBeCloseTo(sum(w.headDim), 10);
      expect(found[index]?.maxLogit).toBeCloseTo(maxLogit, 8);
    });
  });
});

it('the size of a row is that of its output, about', () => {
  const w = workload({ headDim: 128, seqQuery: 400, mask: 'causal' });
  const slice = wholeSlice(w, 16);
  const found = expectedOf(w, slice);
  const rows = oracle(
    w,
    DATA,
    found.map((_, index) => addressOf(w, slice, index)),
  );
  rows.forEach(({ output }, index) => {
    const size = Math.sqrt(output.reduce((sum, value) => sum + value * value, 0) / output.length);
    expect((found[index]?.size ?? 0) / size).toBeGreaterThan(0.6);
    expect((found[index]?.size ?? 0) / size).toBeLessThan(1.7);
  });
});

it('the sums of an output are in the order of batches, heads and rows', () => {
  const w = workload({ batch: 2, queryHeads: 2, kvHeads: 1, headDim: 32, seqQuery: 5 });
  const slice = wholeSlice(w, 4);
  const layout = layoutOf(w, slice);
  const addresses = expectedOf(w, slice).map((_, index) => addressOf(w, slice, index));
  const output = new Float32Array(layout.qElements);
  for (const [index, address] of addresses.entries()) {
    const at = layout.locate(address);
    output.fill(index + 1, at, at + 32);
  }
  const weights = sumWeights(SUMS, 32);
  const total = weights.subarray(0, 32).reduce((sum, weight) => sum + weight, 0);
  const sums = sumsOf(output, layout, SUMS);
  for (const index of addresses.keys()) expect(sums[2 * index]).toBeCloseTo((index + 1) * total, 9);
});

it('is not there where equal keys weigh differently', () => {
  expect(hasExpectedSums(workload({ alibi: true }))).toBe(false);
  expect(hasExpectedSums(workload({ sinks: true, softcap: 20 }))).toBe(true);
});
