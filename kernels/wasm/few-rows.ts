/**
 * wasm-flash for few query rows of a KV head, as in decoding: K and V are read once, where they lie, for all rows of the
 * KV head together, and long keys are split into parts that are merged at the end.
 */

import { groupSize, type Workload } from '../../src/problem/workload.ts';
import type { Features } from '../device.ts';
import type { WasmProgram } from '../kernel.ts';
import { emitAttendKeys, emitFetch } from './few-rows-attend.ts';
import { emitLaneAccumulate, emitLaneScores } from './few-rows-lanes.ts';
import { type FewRows, fewRowsLayout, fewRowsOf, fewRowsSplit, rowsInLanes, softmaxTile } from './few-rows-layout.ts';
import { emitMerge } from './few-rows-merge.ts';
import { emitDots, emitRescaleSums, emitWeighted } from './few-rows-products.ts';
import { emitLaneMask, emitLaneSoftmax } from './few-rows-softmax.ts';
import { emitMask } from './mask.ts';
import { printModule } from './module.ts';
import { emitSoftCap } from './soft-cap.ts';
import { emitSoftmax } from './softmax.ts';
import { multiplyAddOf } from './text/vectors.ts';
import { emitKeyRange, emitMinMax } from './visible-keys.ts';

/** Up to so many rows (tokens times query heads of a group) K and V are read in place: more are bound by arithmetic. */
const MOST_ROWS = 16;
/** Whether a workload has so few query rows a KV head that its keys are read where they lie. */
export const hasFewRows = (w: Workload): boolean => w.seqQuery * groupSize(w) <= MOST_ROWS;

/** The program for the query rows of a KV head of this workload; it depends on lengths of keys only in how they are split. */
export function emitFewRows(w: Workload, features: Features): WasmProgram {
  const shape = fewRowsOf(w, features.simd256);
  const { partialBytes, scratchBytes } = fewRowsLayout(shape);
  const multiplyAdd = multiplyAddOf(features);
  const inLanes = rowsInLanes(shape);
  const { softcap = null, sinks = false } = w;
  /** With rows in lanes the scores of a head lie in one run. */
  const capped = inLanes ? { ...softmaxTile(shape), rows: 1 } : softmaxTile(shape);
  const functions = [
    emitAttendKeys(shape, softcap !== null),
    ...(softcap === null ? [] : [emitSoftCap(capped, softcap, features)]),
    emitRescaleSums(shape),
    ...(inLanes
      ? [
          emitFetch(shape),
          emitLaneScores(shape, multiplyAdd),
          emitLaneMask(shape),
          emitLaneSoftmax(shape, features),
          emitLaneAccumulate(shape, multiplyAdd),
        ]
      : [
          emitDots(shape, multiplyAdd),
          emitMask({ ...softmaxTile(shape), rows: shape.tokens }),
          emitSoftmax(softmaxTile(shape), features),
          emitWeighted(shape, multiplyAdd),
        ]),
    emitMerge(shape, features, sinks),
    emitKeyRange(),
    emitMinMax(),
  ];
  return {
    kind: 'wasm',
    text: printModule(prologue(shape, w), functions, features, shape),
    blockRows: w.seqQuery,
    keyMultiple: 1,
    scratchBytes,
    plainValues: true,
    splitRows: w.seqQuery,
    inPlace: { ...fewRowsSplit(w), partialBytes },
  };
}

const prologue = (shape: FewRows, { softcap, sinks }: Workload): string[] => [
  `Flash attention for ${shape.tokens * shape.group} query rows of a KV head (${shape.tokens} of each of ${shape.group} query heads), head dimension ${shape.ownV ? `${shape.headDim}, of v ${shape.headDimV}` : shape.headDim}:`,
  `o = softmax(scale q k^T) v, K and V read where they lie; ${rowsInLanes(shape) ? 'rows' : 'head dimensions'} in the lanes of vectors.`,
  '',
  '  attend_keys (for each part of the keys and run of KV heads): load q; then for each few keys, for each head',
  `    scores, ${softcap == null ? '' : `soft-cap ${softcap}, `}mask, row maximum, rescale, exponentials, row sum, accumulate`,
  `  merge (for each KV head): partial (m, l, sums) of all parts${sinks === true ? ' and the sinks' : ''} to o`,
  '',
  'Memory: address 0 holds a row of zeros; the host says where the rest lies.',
];
