/** Workloads whose v and o have a head dimension of their own, from numbers counted by hand. */

import { describe, expect, it } from 'vitest';
import { referenceRow } from '../../kernels/reference.ts';
import { TILED_HEAD_DIMS, unsupportedShape } from '../../kernels/supported-shapes.ts';
import { createTensors, layoutOf } from '../../src/host/tensor-layout.ts';
import { flops } from '../../src/problem/flops.ts';
import { largestTensorBytes, wholeSlice } from '../../src/problem/slice.ts';
import { bytes, describe as describeWorkload, sameProblem, valueDim } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

const w = workload({ batch: 2, queryHeads: 4, kvHeads: 2, headDim: 6, headDimV: 3, seqQuery: 5, seqKv: 7 });

describe('a head dimension of v', () => {
  it('is that of q and k where it is not said', () => {
    const usual = workload({ headDim: 72 });
    expect(valueDim(usual)).toBe(72);
    expect(sameProblem(usual, { ...usual, headDimV: 72 })).toBe(true);
    expect(sameProblem(usual, { ...usual, headDimV: 64 })).toBe(false);
  });

  it('stands in the description beside the other', () => {
    expect(describeWorkload(workload({ headDim: 192, headDimV: 128 }))).toContain('d 192/128');
    expect(describeWorkload(workload({ headDim: 128, headDimV: 128 }))).toMatch(/d 128$/);
  });

  it('counts in FLOPs and bytes as what it is', () => {
    // 2 batches, 4 heads, 35 pairs: 6 multiply-adds each for the score and 3 for the output.
    expect(flops(w)).toBe(2 * 4 * 35 * 2 * (6 + 3));
    // q 2 x 5 x 4 x 6, k 2 x 7 x 2 x 6, v and o with 3 dims, 4 bytes each.
    expect(bytes(w)).toBe(4 * (240 + 168 + 84 + 120));
    expect(largestTensorBytes(w)).toBe(4 * 240);
    expect(largestTensorBytes({ ...w, headDimV: 12 })).toBe(4 * 480);
  });

  it('gives v and o their own strides, offsets and sizes', () => {
    const slice = wholeSlice(w, 2);
    const layout = layoutOf(w, slice);
    expect(layout).toMatchObject({ qStride: 24, kStride: 12, vStride: 6, oStride: 12 });
    // The second batch, its second KV head, the head's second query head: rows 4, 2 and 0 of it come last to first.
    expect(layout.tile(layout.tiles - 1)).toMatchObject({
      ...{ qOffset: 5 * 24 + 18, oOffset: 5 * 12 + 9, kOffset: 7 * 12 + 6, vOffset: 7 * 6 + 3, firstRow: 0 },
    });
    expect(layout.locate({ batch: 1, queryHead: 2, row: 3 })).toBe((5 + 3) * 12 + 6);
    const { q, k, v, o } = createTensors({ kind: 'normal', seed: 1 }, w, slice, layout);
    expect([q, k, v, o].map(({ length }) => length)).toEqual([240, 168, 84, 120]);
    expect([...q, ...k, ...v].every((value) => value !== 0)).toBe(true);
  });

  it('is read from the length of v by the oracle', () => {
    const [q, k, v] = [
      [Math.log(3), 0],
      [0, 5, 1, 7],
      [8, 4],
    ].map((list) => Float32Array.from(list));
    const row = referenceRow(q as Float32Array, k as Float32Array, v as Float32Array, { low: 0, high: 2 }, 1);
    expect([...row.output]).toEqual([expect.closeTo(8 / 4 + (3 * 4) / 4, 6)]);
    expect([row.magnitude.length, row.weightSpread.length]).toEqual([1, 1]);
  });

  it('is refused by name where a kernel has no place for it', () => {
    const refusal = (headDim: number, headDimV?: number) =>
      unsupportedShape(workload({ headDim, headDimV }), ['f32'], TILED_HEAD_DIMS);
    expect(refusal(192, 128)).toContain('v of the head dimension of q and k, not 128 beside 192');
    expect(refusal(72)).toContain('multiples of 16 from 32 to 576, not 72');
    expect(refusal(128)).toBeUndefined();
    expect(unsupportedShape(workload({ headDim: 1, headDimV: 576 }))).toBeUndefined();
  });
});
