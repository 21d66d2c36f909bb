/** What becomes of scores between the scale and the softmax, beside mask and window: soft-cap, ALiBi, a mask tensor, sinks. */

import { type Data, sinkValue } from './data.ts';
import type { Workload } from './workload.ts';

/** What a workload may ask of the scores, by the name of its field. */
export type ScoreOption = 'softcap' | 'sinks' | 'alibi' | 'maskTensor';

/** What of it a workload asks for. */
export function scoreOptions({ softcap, sinks, alibi, maskTensor }: Workload): ScoreOption[] {
  return [
    ...(softcap == null ? [] : (['softcap'] as const)),
    ...(sinks === true ? (['sinks'] as const) : []),
    ...(alibi === true ? (['alibi'] as const) : []),
    ...(maskTensor === true ? (['maskTensor'] as const) : []),
  ];
}

/**
 * The slope of a query head of `heads`: 2^(-8 (h + 1) / heads) where that is a power of two; else those of the power of
 * two below, then every other one of twice as many (Press, Smith and Lewis, arXiv:2108.12409, and their code).
 */
export function alibiSlope(heads: number, head: number): number {
  const power = 2 ** Math.floor(Math.log2(heads));
  return head < power ? 2 ** ((-8 * (head + 1)) / power) : 2 ** ((-4 * (2 * (head - power) + 1)) / power);
}

/** Numbers added to the scores: [batch or 1, queryHeads or 1, seqQuery or 1, seqKv], row-major; -Infinity hides a key. */
export interface MaskTensor {
  values: Float32Array;
  shape: readonly [number, number, number, number];
}

/** What becomes of the scaled scores of one query row, beside the range of keys that it sees; null: nothing. */
export interface RowTerms {
  /** C of s = C tanh(s / C), which comes first. */
  softcap: number | null;
  /** -slope times the distance of each key from `position`, the key that the row is aligned with, is added. */
  alibi: { slope: number; position: number } | null;
  /** A number for each key, [seqKv], that is added; -Infinity hides the key. */
  bias: Float32Array | null;
  /** A logit that joins the sum of the weights and has no value. */
  sink: number | null;
}

/** What a workload and its data say of a row. */
export function rowTerms(
  w: Workload,
  data: Data,
  { batch, queryHead, row }: { batch: number; queryHead: number; row: number },
): RowTerms {
  const slope = alibiSlope(w.queryHeads, queryHead);
  return {
    softcap: w.softcap ?? null,
    alibi: w.alibi === true ? { slope, position: row + w.seqKv - w.seqQuery } : null,
    bias: w.maskTensor === true ? maskRow(data, batch, queryHead, row) : null,
    sink: w.sinks === true ? sinkValue(data, queryHead) : null,
  };
}

/** The numbers that a mask tensor adds to a row, [seqKv]. Throws RangeError for data without one. */
function maskRow(data: Data, batch: number, queryHead: number, row: number): Float32Array {
  if (data.kind !== 'values' || data.mask === undefined) throw new RangeError('the data has no mask tensor');
  const { values, shape } = data.mask;
  const [batches, heads, rows, keys] = shape;
  const index = ((batch % batches) * heads + (queryHead % heads)) * rows + (row % rows);
  return values.subarray(index * keys, (index + 1) * keys);
}
