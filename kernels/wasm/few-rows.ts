/**
 * wasm-flash for few query rows of a KV head, as in decoding: K and V are read once, where they lie, for all rows of the
 * KV head together, and long keys are split into parts that are merged at the end.
 */

import { groupSize, keyRange, type Workload } from '../../src/problem/workload.ts';
import type { Features } from '../device.ts';
import type { WasmProgram } from '../kernel.ts';
import { emitAttendKeys } from './few-rows-attend.ts';
import { type FewRows, fewRowsLayout, softmaxTile } from './few-rows-layout.ts';
import { emitMerge } from './few-rows-merge.ts';
import { emitDots, emitWeighted } from './few-rows-products.ts';
import { emitMask } from './mask.ts';
import { printModule } from './module.ts';
import { emitSoftCap } from './soft-cap.ts';
import { emitSoftmax } from './softmax.ts';
import { multiplyAddOf } from './text/vectors.ts';
import { emitKeyRange, emitMinMax } from './visible-keys.ts';

/** Up to so many rows (tokens times query heads of a group) K and V are read in place: more are bound by arithmetic. */
const MOST_ROWS = 16;
/** Keys of a part: as many as leave this number of parts of all KV heads, within bounds; from the shape alone. */
const PARTS = 64;
const LEAST_KEYS = 256;
const MOST_KEYS = 2048;

/** Whether a workload has so few query rows a KV head that its keys are read where they lie. */
export const hasFewRows = (w: Workload): boolean => w.seqQuery * groupSize(w) <= MOST_ROWS;

/** The program for the query rows of a KV head of this workload; it depends on lengths of keys only in `splitKeys`. */
export function emitFewRows(w: Workload, features: Features): WasmProgram {
  const shape: FewRows = { headDim: w.headDim, tokens: w.seqQuery, group: groupSize(w) };
  const { partialBytes, scratchBytes } = fewRowsLayout(shape);
  const multiplyAdd = multiplyAddOf(features);
  const { softcap = null, sinks = false } = w;
  const functions = [
    emitAttendKeys(shape, softcap !== null),
    emitDots(shape, multiplyAdd),
    ...(softcap === null ? [] : [emitSoftCap(softmaxTile(shape), softcap, features)]),
    emitMask({ ...softmaxTile(shape), rows: shape.tokens }),
    emitSoftmax(softmaxTile(shape), features),
    emitWeighted(shape, multiplyAdd),
    emitMerge(shape, features, sinks),
    emitKeyRange(),
    emitMinMax(),
  ];
  return {
    kind: 'wasm',
    text: printModule(prologue(shape, w), functions, features),
    blockRows: w.seqQuery,
    keyMultiple: 1,
    scratchBytes,
    plainValues: true,
    splitRows: w.seqQuery,
    inPlace: { splitKeys: splitKeysOf(w), partialBytes },
  };
}

function splitKeysOf(w: Workload): number {
  const keys = keyRange(w, w.seqQuery - 1).high - keyRange(w, 0).low;
  const wanted = Math.ceil((keys * w.batch * w.kvHeads) / PARTS / LEAST_KEYS) * LEAST_KEYS;
  return Math.max(LEAST_KEYS, Math.min(MOST_KEYS, wanted));
}

const prologue = ({ headDim, tokens, group }: FewRows, { softcap, sinks }: Workload): string[] => [
  `Flash attention for ${tokens * group} query rows of a KV head (${tokens} of each of ${group} query heads), head dimension ${headDim}:`,
  'o = softmax(scale q k^T) v, K and V read where they lie.',
  '',
  '  attend_keys (for each part of the keys of a KV head): load q; then block by block',
  `    scores by dot products, ${softcap == null ? '' : `soft-cap ${softcap}, `}mask, row maximum, rescale, exponentials, row sum, accumulate`,
  `  merge (for each KV head): partial (m, l, sums) of all parts${sinks === true ? ' and the sinks' : ''} to o`,
  '',
  'Memory: address 0 holds a row of zeros; the host says where the rest lies.',
];
