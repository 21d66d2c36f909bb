/** How the work of wgsl-flash is laid out over workgroups: query heads of a group side by side, and keys split where there is little else to split. */

import { groupSize, type Workload } from '../../src/problem/workload.ts';
import type { Features } from '../device.ts';
import type { WgslConfiguration } from './configuration.ts';

export interface Schedule {
  /** Query heads whose rows share a work tile: row r of it is token r / group of query head r % group. */
  group: number;
  /** Workgroups that share the keys of a work tile; their results are merged by a second pass. */
  splits: number;
}

export const ONE_HEAD: Schedule = { group: 1, splits: 1 };

/** Workgroups that should be in flight at least: some for each core of a large GPU. */
const WORKGROUPS = 128;
/** Blocks of keys that a split has at least, so that merging costs little beside it. */
const LEAST_BLOCKS = 4;

/** Tokens of one work tile. */
export const tokensOf = (config: WgslConfiguration, { group }: Schedule) =>
  Math.floor((config.threadRows * config.rows) / group);

/** The schedule of a workload on a device of this kind. */
export function scheduleOf(w: Workload, config: WgslConfiguration, features: Features): Schedule {
  const blockRows = config.threadRows * config.rows;
  // A group larger than a block stays one head a work tile.
  const group = groupSize(w) <= blockRows ? groupSize(w) : 1;
  const tiles = (w.batch * w.queryHeads * Math.ceil(w.seqQuery / Math.floor(blockRows / group))) / group;
  // Splitting feeds the many cores of a GPU; a CPU that emulates one has few.
  const wanted = features.software === true ? 1 : Math.floor(WORKGROUPS / tiles);
  const most = Math.floor(w.seqKv / (LEAST_BLOCKS * config.threadColumns * config.keys));
  return { group, splits: Math.max(1, Math.min(wanted, most)) };
}
