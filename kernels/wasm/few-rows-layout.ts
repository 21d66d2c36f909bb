/** Where the program for few rows keeps its rows: byte offsets in a thread's scratch and in the partial result of a part. */

import { groupSize, keyRange, valueDim, type Workload } from '../../src/problem/workload.ts';
import type { WasmConfiguration } from './configuration.ts';
import { statisticsLayout } from './scratch.ts';

/** The query rows of a KV head: `tokens` of each of `group` query heads, ordered [query head][token]. */
export interface FewRows {
  /** Dims of q and k, and of v and o. */
  headDim: number;
  headDimV: number;
  /** Floats of a row of q in private memory, zeros at its end, and of the output sums, whose padding nobody reads. */
  paddedQ: number;
  paddedV: number;
  /** Whether v and o have strides of their own. */
  ownV: boolean;
  tokens: number;
  group: number;
  /** KV heads of a piece of work at most. */
  heads: number;
  /** Whether neighbouring vectors are packed into 256 bits. */
  wide: boolean;
}

/** Keys of one step of the online softmax: their rows of one KV head stay in the first-level cache. */
export const STEP_KEYS = 32;

/** From so many rows on they lie in the lanes of vectors, where no sum has to be folded; fewer would leave lanes idle. */
const LEAST_IN_LANES = 3;

/** Whether the rows lie in the lanes of vectors; else head dimensions do. */
export const rowsInLanes = ({ tokens, group }: FewRows): boolean => tokens * group >= LEAST_IN_LANES;

/**
 * Rows that a product takes at a time, and all rows, padded to whole ones; in lanes to 1, 2 or 4 vectors, so that pairs
 * of them can be packed.
 */
export function rowsOf(shape: FewRows): { tile: number; rows: number; padded: number } {
  const rows = shape.tokens * shape.group;
  if (rowsInLanes(shape)) return { tile: 4, rows, padded: rows <= 4 ? 4 : rows <= 8 ? 8 : 16 };
  return { tile: rows, rows, padded: rows };
}

/** The rows as the softmax of wasm-flash takes them: one group of all. */
export function softmaxTile(shape: FewRows): WasmConfiguration {
  const { padded } = rowsOf(shape);
  return {
    ...{ rows: padded, vectors: 4, blockRows: padded, blockKeys: STEP_KEYS, unroll: 4 },
    ...{ rescale: 'branch', order: 'groups', maxima: 'always', values: 'rows' },
  };
}

/** The statistics of rows in lanes, a lane each: m, the rescale factor, the shift, l; then the maxima of a step. */
const lanesLayout = (padded: number) => {
  const at = (i: number) => i * padded * 4;
  return { maximum: at(0), rescale: at(1), shift: at(2), rowSums: at(3), stepMaxima: at(4), bytes: at(5) };
};

/**
 * Scratch of a thread: scaled q and scores of all heads, and with rows in lanes the keys that each sees. A partial
 * result, of one head: output sums, then the statistics of the softmax.
 */
export function fewRowsLayout(shape: FewRows) {
  const { padded } = rowsOf(shape);
  const rowsBytes = padded * shape.paddedQ * 4;
  const sumsBytes = padded * shape.paddedV * 4;
  const scores = shape.heads * rowsBytes;
  const scoresBytes = padded * STEP_KEYS * 4;
  const lowKeys = scores + shape.heads * scoresBytes;
  const highKeys = lowKeys + padded * 4;
  const statistics = rowsInLanes(shape) ? lanesLayout(padded) : statisticsLayout(softmaxTile(shape));
  const at = (offset: number) => sumsBytes + offset;
  return {
    /** Bytes of q of one head. */
    rowsBytes,
    /** Bytes of the scores of one head. */
    scoresBytes,
    ...{ scores, lowKeys, highKeys, scratchBytes: highKeys + padded * 4 },
    /** Where the statistics begin in a partial result. */
    stats: sumsBytes,
    maximum: at(statistics.maximum),
    rescale: at(statistics.rescale),
    rowSums: at(statistics.rowSums),
    partialBytes: at(statistics.bytes),
  };
}

/** The statistics of rows in lanes, by offset from their beginning. */
export const lanesStatistics = (shape: FewRows) => lanesLayout(rowsOf(shape).padded);

/** Pieces of work that the keys and KV heads of a workload are cut into, as far as the bounds of a piece allow. */
const PIECES = 64;
/** Keys of a part. */
const LEAST_KEYS = 256;
const MOST_KEYS = 2048;
/** KV heads are cut only where keys alone make fewer pieces than this. */
const FEW_PIECES = 16;

/**
 * The pieces of work of a workload: at most so many keys, and so many KV heads, whose rows of a key are read one after the
 * other. They follow from the shape alone, so that results are the same for any number of threads.
 */
export function fewRowsSplit(w: Workload): { splitKeys: number; splitHeads: number } {
  const keys = keyRange(w, w.seqQuery - 1).high - keyRange(w, 0).low;
  const wanted = Math.ceil((keys * w.batch) / PIECES / LEAST_KEYS) * LEAST_KEYS;
  const splitKeys = Math.max(LEAST_KEYS, Math.min(MOST_KEYS, wanted));
  const parts = w.batch * Math.max(1, Math.ceil(keys / splitKeys));
  const splitHeads = Math.max(1, Math.ceil(w.kvHeads / Math.ceil(FEW_PIECES / parts)));
  return { splitKeys, splitHeads };
}

const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

/** The rows of a KV head of a workload. */
export const fewRowsOf = (w: Workload, wide: boolean): FewRows => ({
  headDim: w.headDim,
  headDimV: valueDim(w),
  paddedQ: roundUp(w.headDim, 4),
  // As many as any product takes of a row of V at a time.
  paddedV: roundUp(valueDim(w), 16),
  ownV: valueDim(w) !== w.headDim,
  tokens: w.seqQuery,
  group: groupSize(w),
  heads: fewRowsSplit(w).splitHeads,
  wide,
});
