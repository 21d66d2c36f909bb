/** How a host calls a kernel written in TypeScript: one work tile, with strided views of q, k, v and o. */

import type { Visibility } from '../../src/problem/workload.ts';

/**
 * One work tile: `rows` consecutive query rows of one head. Strides are in elements. Row i of the unit is query row
 * `firstRow + i` of the whole sequence and lies at q[qOffset + i * qStride ...], and likewise o; key j lies at
 * k[kvOffset + j * kvStride ...], and likewise v.
 */
export interface WorkTileCall {
  q: Float32Array;
  k: Float32Array;
  v: Float32Array;
  o: Float32Array;
  qOffset: number;
  qStride: number;
  kvOffset: number;
  kvStride: number;
  firstRow: number;
  rows: number;
  seqKv: number;
  headDim: number;
  scale: number;
  visibility: Visibility;
}

/** The keys that a row of the call sees, low inclusive, high exclusive. */
export function visibleKeys(call: WorkTileCall, row: number): { low: number; high: number } {
  const position = call.firstRow + row;
  const high = Math.min(call.seqKv, Math.max(0, position + call.visibility.windowHigh));
  return { low: Math.min(high, Math.max(0, position + call.visibility.windowLow)), high };
}
