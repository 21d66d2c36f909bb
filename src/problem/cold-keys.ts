/** Whether K and V of a decoding step may stay in a cache between runs, and how many copies of them keep them out of it. */

import { elementBytes, groupSize, keyRange, valueDim, type Workload } from './workload.ts';

/** Larger than the caches of most devices: what is read again only after so many bytes comes from memory. */
const LARGE_BYTES = 256 * 2 ** 20;
/** Copies at most: of few keys they would be many. */
const MOST_COPIES = 64;
/** Query rows of a KV head up to which reading K and V, once, is what a pass takes its time for. */
const FEW_ROWS = 16;

/** Bytes of K and V of the keys that any query sees. */
function keyBytes(w: Workload): number {
  const keys = keyRange(w, w.seqQuery - 1).high - keyRange(w, 0).low;
  return elementBytes(w.dtype) * w.batch * w.kvHeads * (w.headDim + valueDim(w)) * Math.max(0, keys);
}

const hasFewRows = (w: Workload) => w.seqQuery * groupSize(w) <= FEW_ROWS;

/**
 * Copies of K and V that passes should take in turn, so that none finds its own in a cache: a model has other layers' there.
 * One where arithmetic bounds a pass, and under a window, whose keys are a small part of what would be copied.
 */
export function copiesOfKeys(w: Workload): number {
  if (!hasFewRows(w) || w.window !== null) return 1;
  return Math.max(1, Math.min(MOST_COPIES, Math.ceil(LARGE_BYTES / Math.max(1, keyBytes(w)))));
}

/** Whether passes of a share of a workload may find K and V in a cache, `copies` of them being taken in turn. */
export const mayBeWarm = (w: Workload, coverage: number, copies: number): boolean =>
  hasFewRows(w) && keyBytes(w) * coverage * copies < LARGE_BYTES * 0.99;
