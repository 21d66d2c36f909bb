/** From a workload to work items, and from work items to the time of a whole GPU. */

import { groupSize, type Workload } from '../problem/workload.ts';
import type { ItemBlocks } from './pipeline.ts';

/** Query rows and keys of a work item and of a block. */
export const ITEM_ROWS = 256;
export const BLOCK_KEYS = 128;

/** What the rows of a work item are: tokens of one query head, or tokens times the query heads that share a KV head. */
export type Packing = 'tokens' | 'tokens-and-group';

/** Items of the same size. */
export interface ItemClass extends ItemBlocks {
  count: number;
}

/** The work items of a workload, full or causal, without a window. */
export function workItems(w: Workload, packing: Packing): ItemClass[] {
  const members = packing === 'tokens' ? 1 : groupSize(w);
  const tokens = ITEM_ROWS / members;
  if (!Number.isInteger(tokens))
    throw new RangeError(`a group of ${members} query heads does not divide ${ITEM_ROWS} rows`);
  const count = (w.batch * w.queryHeads) / members;
  const diagonal = w.seqKv - w.seqQuery;
  return Array.from({ length: Math.ceil(w.seqQuery / tokens) }, (_, item) => {
    if (w.mask === 'full') return { plain: Math.ceil(w.seqKv / BLOCK_KEYS), masked: 0, count };
    const first = Math.max(0, item * tokens + diagonal);
    const end = Math.min(w.seqKv, Math.max(1, (item + 1) * tokens + diagonal));
    const plain = Math.floor(first / BLOCK_KEYS);
    return { plain, masked: Math.ceil(end / BLOCK_KEYS) - plain, count };
  });
}

/**
 * Time until the last of `units` is done, items going one by one to the unit that is free first: longest first, or in
 * the order given.
 */
export function makespan(
  items: readonly { duration: number; count: number }[],
  units: number,
  order: 'longest-first' | 'as-given' = 'longest-first',
): number {
  const sorted = order === 'as-given' ? items : [...items].sort((a, b) => b.duration - a.duration);
  // A binary heap of the units' times, earliest on top.
  const free = new Float64Array(units);
  for (const { duration, count } of sorted) {
    for (let i = 0; i < count; i += 1) replaceTop(free, (free[0] ?? 0) + duration);
  }
  return free.reduce((longest, time) => Math.max(longest, time), 0);
}

function replaceTop(heap: Float64Array, value: number): void {
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child += 1;
    if ((heap[child] as number) >= value) break;
    heap[place] = heap[child] as number;
    place = child;
  }
  heap[place] = value;
}
