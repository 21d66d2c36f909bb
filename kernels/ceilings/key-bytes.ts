/** What a pass of few query rows reads of K and V, which the probes of memory read as well. */

import { keyRange, valueDim, type Workload } from '../../src/problem/workload.ts';
import { fewRowsSplit } from '../wasm/few-rows-layout.ts';

/** Bytes of K and V of the keys that any row sees. */
export function keyBytes(w: Workload): number {
  const keys = keyRange(w, w.seqQuery - 1).high - keyRange(w, 0).low;
  return 4 * (w.headDim + valueDim(w)) * keys * w.kvHeads * w.batch;
}

/** The sum of the ones that a probe reads: what a run of KV heads holds is summed up at the first of them. */
export const expectedReads = (w: Workload): number =>
  keyBytes({ ...w, batch: 1, kvHeads: fewRowsSplit(w).splitHeads }) / 4;
