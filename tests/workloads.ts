/** Workloads for tests: a small one, with whatever a test wants different. */

import type { Workload } from '../src/problem/workload.ts';

export function workload(changes: Partial<Workload> = {}): Workload {
  const headDim = changes.headDim ?? 32;
  const seqQuery = changes.seqQuery ?? 8;
  return {
    batch: 1,
    queryHeads: changes.kvHeads ?? 1,
    kvHeads: 1,
    headDim,
    seqQuery,
    seqKv: seqQuery,
    mask: 'full',
    window: null,
    dtype: 'f32',
    scale: 1 / Math.sqrt(headDim),
    ...changes,
  };
}
