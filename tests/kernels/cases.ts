/** The shapes that every kernel must get right: ragged, grouped, decoding, windowed. */

import type { Workload } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

const both = (changes: Partial<Workload>): Workload[] => [workload(changes), workload({ ...changes, mask: 'causal' })];

/** Small enough for a software GPU at some 0.2 GFLOPS. */
export const SHAPES: Workload[] = [
  ...both({ seqQuery: 1 }),
  ...both({ seqQuery: 2, headDim: 48 }),
  ...both({ seqQuery: 37, headDim: 64, queryHeads: 2, kvHeads: 2 }),
  ...[47, 48, 49, 63, 64, 65].flatMap((seqQuery) => both({ seqQuery, headDim: 64 })),
  ...both({ seqQuery: 131, headDim: 80, queryHeads: 3, kvHeads: 1, batch: 2 }),
  ...both({ seqQuery: 129, headDim: 128, queryHeads: 2, kvHeads: 2 }),
  ...both({ seqQuery: 50, headDim: 256 }),
  // Decoding: one query beside many keys.
  ...both({ seqQuery: 1, seqKv: 1000, headDim: 128, queryHeads: 8, kvHeads: 1 }),
  ...both({ seqQuery: 16, seqKv: 777, headDim: 64, queryHeads: 4, kvHeads: 2 }),
  // More queries than keys: under the causal mask the first rows see nothing.
  ...both({ seqQuery: 130, seqKv: 20, headDim: 32, batch: 3 }),
  ...both({ seqQuery: 200, window: 17, headDim: 32 }),
  ...both({ seqQuery: 70, seqKv: 300, window: 100, headDim: 64, queryHeads: 7, kvHeads: 1 }),
];

/** Every head dimension, for kernels that need no minutes to compile. */
export const HEAD_DIMS = Array.from({ length: 15 }, (_, i) => 32 + 16 * i);
