/** The values of q, k and v: a pure function of (seed, tensor, batch, head, token, dim), or arrays from a file. */

import { distinctKeys, drawnIndex, drawnKey, drawnTable } from './drawn.ts';
import { normalRow, normalValue, rowKey, type TensorName } from './normal.ts';
import { ROUND } from './rounding.ts';
import type { MaskTensor } from './scores.ts';
import { valueDim, type Workload } from './workload.ts';

export type { TensorName } from './normal.ts';

/**
 * Where values come from. Arrays are [batch, seq, heads, dims], row-major, dims being valueDim for v; 'none' leaves tensors as they are
 * allocated. 'normal' and 'drawn' values are standard normal; drawn ones come in rows of a few distinct ones, so that every
 * row of an output can be checked: what is measured runs on them.
 */
export type Data =
  | { kind: 'none' }
  | { kind: 'normal'; seed: number }
  | DrawnData
  | {
      kind: 'values';
      q: Float32Array;
      k: Float32Array;
      v: Float32Array;
      /** Logits of the sinks, [queryHeads], of a workload with sinks. */
      sinks?: Float32Array | undefined;
      /** What is added to the scores of a workload with a mask tensor. */
      mask?: MaskTensor | undefined;
    };

/** Values in rows drawn from a few distinct ones. */
export interface DrawnData {
  kind: 'drawn';
  seed: number;
}

/** Writes one row (headDim values, of v valueDim) of a tensor into `target` at `offset`, rounded to the workload's type. */
export function fillRow(
  data: Data,
  w: Workload,
  tensor: TensorName,
  batch: number,
  head: number,
  token: number,
  target: Float32Array,
  offset: number,
): void {
  if (data.kind === 'none') return;
  const dims = tensor === 'v' ? valueDim(w) : w.headDim;
  const round = ROUND[w.dtype];
  if (data.kind === 'values') {
    const heads = tensor === 'q' ? w.queryHeads : w.kvHeads;
    const seq = tensor === 'q' ? w.seqQuery : w.seqKv;
    const start = ((batch * seq + token) * heads + head) * dims;
    const row = data[tensor].subarray(start, start + dims);
    target.set(round === null ? row : row.map(round), offset);
    return;
  }
  if (data.kind === 'drawn') {
    const table = drawnTable(data.seed, w, tensor, dims);
    const index =
      tensor === 'k'
        ? drawnKey(distinctKeys(w), data.seed, batch, head, token)
        : drawnIndex(data.seed, tensor, batch, head, token);
    const first = index * dims;
    for (let dim = 0; dim < dims; dim += 1) target[offset + dim] = table[first + dim] as number;
    return;
  }
  normalRow(rowKey(data.seed, tensor, batch, head, token), dims, target, offset);
  if (round === null) return;
  for (let at = offset; at < offset + dims; at += 1) target[at] = round(target[at] as number);
}

/** The logit of the sink of a query head of the whole workload: standard normal, or the value of a file. */
export function sinkValue(data: Data, queryHead: number): number {
  if (data.kind === 'none') return 0;
  if (data.kind !== 'values') return normalValue(rowKey(data.seed, 'sinks', 0, queryHead, 0));
  if (data.sinks === undefined) throw new RangeError('the data has no sinks');
  return data.sinks[queryHead] ?? 0;
}
