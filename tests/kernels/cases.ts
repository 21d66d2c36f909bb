/** The shapes that every kernel must get right: ragged, grouped, decoding, windowed, full and causal, in every head dimension. */

import type { Workload } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

const both = (changes: Partial<Workload>): Workload[] => [workload(changes), workload({ ...changes, mask: 'causal' })];

/**
 * One head dimension and one query head a KV head: a WGSL kernel is one program for all of these, compiled once. Lengths lie on both
 * sides of the edges of blocks.
 */
const PLAIN_SHAPES: Workload[] = [
  ...[1, 2, 37, 47, 48, 49, 63, 64, 65].flatMap((seqQuery) => both({ seqQuery })),
  ...both({ seqQuery: 131, queryHeads: 2, kvHeads: 2, batch: 2 }),
  // Decoding: one query beside many keys.
  ...both({ seqQuery: 1, seqKv: 1000, queryHeads: 2, kvHeads: 2 }),
  // More queries than keys: under the causal mask the first rows see nothing.
  ...both({ seqQuery: 130, seqKv: 20, batch: 3 }),
  ...both({ seqQuery: 200, window: 17 }),
];

/** Two groups of query heads, one that divides no block of rows; each is another program, as is each head dimension. */
const GROUPED_SHAPES: Workload[] = [
  ...both({ seqQuery: 131, headDim: 80, queryHeads: 3, kvHeads: 1, batch: 2 }),
  ...both({ seqQuery: 1, seqKv: 1000, headDim: 64, queryHeads: 8, kvHeads: 1 }),
  ...both({ seqQuery: 16, seqKv: 777, headDim: 64, queryHeads: 16, kvHeads: 2 }),
  ...both({ seqQuery: 70, seqKv: 300, window: 100, headDim: 64, queryHeads: 8, kvHeads: 1 }),
];

const WIDE_SHAPES: Workload[] = [
  ...both({ seqQuery: 129, headDim: 128, queryHeads: 2, kvHeads: 2 }),
  ...both({ seqQuery: 50, headDim: 256 }),
];

/** Small enough for a software GPU at some 0.2 GFLOPS. */
export const SHAPES: Workload[] = [...PLAIN_SHAPES, ...GROUPED_SHAPES, ...WIDE_SHAPES];

/** The same with tensors in halves; of the plain ones some, since what is new is in the reads and the writes. */
export const HALF_SHAPES: Workload[] = [
  ...PLAIN_SHAPES.filter(({ seqQuery, window }) => [1, 65, 131].includes(seqQuery) || window !== null),
  ...GROUPED_SHAPES.filter(({ headDim }) => headDim === 64),
].map((w) => ({ ...w, dtype: 'f16' as const }));

/** What a workload asks of the scores, with shapes that meet it: many rows and few, masked blocks, rows that see nothing. */
export const scoreShapes = (changes: Partial<Workload>): Workload[] =>
  [
    ...both({ seqQuery: 131, queryHeads: 2, kvHeads: 2, batch: 2 }),
    ...both({ seqQuery: 70, seqKv: 300, window: 100, headDim: 64, queryHeads: 8, kvHeads: 1 }),
    ...both({ seqQuery: 3, seqKv: 1000, headDim: 64, queryHeads: 6, kvHeads: 2 }),
    ...both({ seqQuery: 130, seqKv: 20, batch: 3 }),
    // Logits beyond what norms bound.
    workload({ seqQuery: 65, seqKv: 300, scale: 9 }),
  ].map((w) => ({ ...w, ...changes }));

/** Head dimensions of q and k, and of v where it has its own, for kernels that need no minutes to compile. */
export const HEAD_DIMS: readonly (readonly [headDim: number, headDimV?: number])[] = [
  ...Array.from({ length: 15 }, (_, i) => [32 + 16 * i] as const),
  ...[320, 496, 512, 576].map((headDim) => [headDim] as const),
  // Rows of no whole vector, sixteen or panel.
  ...[1, 2, 3, 5, 8, 15, 20, 40, 72, 90, 101, 575].map((headDim) => [headDim] as const),
  ...([
    [192, 128],
    [576, 512],
    [64, 1],
    [3, 70],
    [41, 18],
  ] as const),
];
