/** From a workload to work tiles, and from work tiles to the time of a whole GPU. */

import { groupSize, type Workload } from '../problem/workload.ts';

/** Query rows of a work tile. */
export const WORK_TILE_ROWS = 256;
/** Keys of a block. */
export const BLOCK_KEYS = 128;

/** What the rows of a work tile are: tokens of one query head, or tokens times the query heads that share a KV head. */
export type Packing = 'tokens' | 'tokens-and-group';

/** Key blocks of a work tile: `masked` ones on the diagonal come first, as in FA4, then the `plain` ones. */
export interface TileBlocks {
  plain: number;
  masked: number;
}

/** Work tiles with the same blocks. */
export interface TileClass extends TileBlocks {
  count: number;
}

/**
 * The work tiles of a workload, full or causal, without a window. Throws RangeError if a group does not divide a tile.
 */
export function workTiles(w: Workload, packing: Packing): TileClass[] {
  const members = packing === 'tokens' ? 1 : groupSize(w);
  const tokens = WORK_TILE_ROWS / members;
  if (!Number.isInteger(tokens))
    throw new RangeError(`a group of ${members} query heads does not divide ${WORK_TILE_ROWS} rows`);
  const count = (w.batch * w.queryHeads) / members;
  const diagonal = w.seqKv - w.seqQuery;
  return Array.from({ length: Math.ceil(w.seqQuery / tokens) }, (_, tile) => {
    if (w.mask === 'full') return { plain: Math.ceil(w.seqKv / BLOCK_KEYS), masked: 0, count };
    const first = Math.max(0, tile * tokens + diagonal);
    const end = Math.min(w.seqKv, Math.max(1, (tile + 1) * tokens + diagonal));
    const plain = Math.floor(first / BLOCK_KEYS);
    return { plain, masked: Math.ceil(end / BLOCK_KEYS) - plain, count };
  });
}

/**
 * Time until the last of `units` is done. Work tiles go one by one to the unit that is free first: longest first, or in
 * the order given.
 */
export function makespan(
  tiles: readonly { duration: number; count: number }[],
  units: number,
  order: 'longest-first' | 'as-given' = 'longest-first',
): number {
  const sorted = order === 'as-given' ? tiles : [...tiles].sort((a, b) => b.duration - a.duration);
  // A binary heap of the units' times, earliest on top.
  const free = new Float64Array(units);
  for (const { duration, count } of sorted) {
    for (let i = 0; i < count; i += 1) replaceTop(free, (free[0] ?? 0) + duration);
  }
  return free.reduce((longest, time) => Math.max(longest, time), 0);
}

/** Replaces the smallest value of a binary heap and restores its order. */
function replaceTop(heap: Float64Array, value: number): void {
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
    if ((heap[child] as number) >= value) break;
    heap[index] = heap[child] as number;
    index = child;
  }
  heap[index] = value;
}
