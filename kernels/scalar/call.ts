/** How a host calls a kernel written in TypeScript: once for each work tile, with strided views of q, k, v and o. */

import type { RowTerms } from '../../src/problem/scores.ts';
import { keysInWindow, type Visibility } from '../../src/problem/workload.ts';

/**
 * One work tile: `rows` consecutive query rows of one head. Strides are in elements. Row i of the work tile is query
 * row `firstRow + i` of the whole sequence and lies at q[qOffset + i * qStride ...], and likewise o; key j lies at
 * k[kOffset + j * kStride ...], and likewise v.
 */
export interface WorkTileCall {
  q: Float32Array;
  k: Float32Array;
  v: Float32Array;
  o: Float32Array;
  qOffset: number;
  qStride: number;
  kOffset: number;
  kStride: number;
  vOffset: number;
  vStride: number;
  oOffset: number;
  oStride: number;
  firstRow: number;
  rows: number;
  seqKv: number;
  headDim: number;
  /** The head dimension of v and o. */
  headDimV: number;
  scale: number;
  visibility: Visibility;
  /** What else becomes of the scores of row `row` of the tile; null where the workload asks for nothing. */
  terms: ((row: number) => RowTerms) | null;
}

/** The keys that row `row` of the work tile sees: low inclusive, high exclusive. */
export function visibleKeys(call: WorkTileCall, row: number): { low: number; high: number } {
  return keysInWindow(call.visibility, call.seqKv, call.firstRow + row);
}
