/**
 * Two sums of every output row, each element with a seeded weight: so little of an output that a host can give it of all rows
 * that ran, and enough that a wrong row shows. src/host/expected-sums.ts knows what they should be.
 */

import { seededBits } from '../problem/normal.ts';
import type { TensorLayout } from './tensor-layout.ts';

/** Sums of a row. */
export const SUMS_PER_ROW = 2;

/**
 * The weights, [SUMS_PER_ROW, dims]: of either sign, from 0.48 to 1.44 in size, all different, so that elements that changed places
 * show too; the mean of their squares is 1. A kernel knows nothing of them.
 */
export function sumWeights(seed: number, dims: number): Float64Array {
  return Float64Array.from({ length: SUMS_PER_ROW * dims }, (_, index) => {
    const bits = seededBits(seed, index);
    const size = (0.5 + (bits >>> 1) / 2 ** 31) * Math.sqrt(12 / 13);
    return bits & 1 ? size : -size;
  });
}

/** Rows of a slice: how many batches, query heads and rows of a head it has. */
export interface SummedShape {
  batches: number;
  queryHeads: number;
  rows: number;
}

/** An empty array of sums, [batch, query head, row of the slice, sum]; NaN until they are written. */
export const emptySums = ({ batches, queryHeads, rows }: SummedShape): Float64Array =>
  new Float64Array(batches * queryHeads * rows * SUMS_PER_ROW).fill(Number.NaN);

/** Where the output rows of a layout belong among those of the whole slice. */
export interface SumsPlace {
  shape: SummedShape;
  layout: TensorLayout;
  /** The batch and the query head of the slice that the layout begins with. */
  batch: number;
  queryHead: number;
}

/**
 * Writes the sums of output values into `target`. `values` are those of the layout's tokens from number `firstToken` on, counted
 * through its batches, each with all its query heads.
 */
export function addSums(
  target: Float64Array,
  { shape, layout, batch, queryHead }: SumsPlace,
  values: Float32Array,
  firstToken: number,
  weights: Float64Array,
): void {
  const { queryHeads, seqQuery } = layout.shape;
  const dims = layout.oStride / queryHeads;
  const tokens = Math.floor(values.length / layout.oStride);
  for (let token = 0; token < tokens; token += 1) {
    const at = firstToken + token;
    const [ownBatch, row] = [Math.floor(at / seqQuery), at % seqQuery];
    for (let head = 0; head < queryHeads; head += 1) {
      const from = token * layout.oStride + head * dims;
      let [first, second] = [0, 0];
      for (let d = 0; d < dims; d += 1) {
        const value = values[from + d] as number;
        first += value * (weights[d] as number);
        second += value * (weights[dims + d] as number);
      }
      const place = (((batch + ownBatch) * shape.queryHeads + queryHead + head) * shape.rows + row) * SUMS_PER_ROW;
      target[place] = first;
      target[place + 1] = second;
    }
  }
}

/** The sums of a whole output, [batch, seq, heads, dims], of a layout that is not split. */
export function sumsOf(output: Float32Array, layout: TensorLayout, seed: number): Float64Array {
  const { batch, queryHeads, seqQuery } = layout.shape;
  const shape = { batches: batch, queryHeads, rows: seqQuery };
  const sums = emptySums(shape);
  const weights = sumWeights(seed, layout.oStride / queryHeads);
  addSums(sums, { shape, layout, batch: 0, queryHead: 0 }, output, 0, weights);
  return sums;
}
