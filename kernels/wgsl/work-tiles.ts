/** How the work of wgsl-flash is laid out over workgroups: query heads of a group side by side, and keys split where there is little else to split. */

import { groupSize, type Workload } from '../../src/problem/workload.ts';
import type { Features } from '../device.ts';
import type { WgslConfiguration } from './configuration.ts';
import { range } from './emit.ts';

export interface Schedule {
  /** Query heads whose rows share a work tile: row r of it is token r / group of query head r % group. */
  group: number;
  /** Work tiles that share the query heads of a KV head; 1 where it is left out. */
  groupParts?: number;
  /** Workgroups that share the keys of a work tile; their results are merged by a second pass. */
  splits: number;
}

export const ONE_HEAD: Schedule = { group: 1, splits: 1 };

/**
 * Workgroups of 64 threads that a large GPU is taken to run at once: four on each of 128 units, which is what 240 registers a thread leave of
 * the 65,536 of an RTX 4090's multiprocessors. An estimate: WebGPU tells neither a device's units nor how many workgroups each has room for.
 */
const WORKGROUPS = 512;
/** A split reads at least so many times the bytes that it leaves for the merge, where one block of keys is less. */
const READ_OF_LEFT = 8;

/** Workgroups of a configuration that a large GPU is taken to run at once. */
const workgroupsAtOnce = ({ threadRows, threadColumns }: WgslConfiguration) =>
  Math.max(1, Math.floor((WORKGROUPS * 64) / (threadRows * threadColumns)));

/** Work tiles that it runs at once, by the same estimate. */
export const waveOf = (config: WgslConfiguration, { splits }: Schedule) =>
  Math.max(1, Math.floor(workgroupsAtOnce(config) / splits));

/** Tokens of one work tile. */
export const tokensOf = (config: WgslConfiguration, { group }: Schedule) =>
  Math.floor((config.threadRows * config.rows) / group);

/**
 * The query heads of a work tile of `blockRows` rows: all of a KV head's where it has room for them. Else, as in latent attention, whose
 * 128 query heads share one, that divisor of them which fills most of its rows, the largest of several; `groupParts` tiles then share them.
 */
export function groupOf(w: Workload, blockRows: number): Pick<Schedule, 'group' | 'groupParts'> {
  const all = groupSize(w);
  if (all <= blockRows) return { group: all };
  const filled = (heads: number) => heads * Math.min(Math.floor(blockRows / heads), w.seqQuery);
  const divisors = range(blockRows + 1).filter((heads) => heads > 0 && all % heads === 0);
  const group = divisors.reduce((best, heads) => (filled(heads) >= filled(best) ? heads : best));
  return group === 1 ? { group } : { group, groupParts: all / group };
}

/** The schedule of a workload on a device of this kind. */
export function scheduleOf(w: Workload, config: WgslConfiguration, features: Features): Schedule {
  const blockRows = config.threadRows * config.rows;
  const { group, ...parts } = groupOf(w, blockRows);
  const tiles = (w.batch * w.queryHeads * Math.ceil(w.seqQuery / Math.floor(blockRows / group))) / group;
  // Splitting feeds the many cores of a GPU; a CPU that emulates one has few.
  const wanted = features.software === true ? 1 : Math.floor(workgroupsAtOnce(config) / tiles);
  // It reads two rows of headDim for each key, and leaves one for each row.
  const blockKeys = config.threadColumns * config.keys;
  const least = Math.ceil((READ_OF_LEFT * blockRows) / 2 / blockKeys) * blockKeys;
  const most = Math.floor(w.seqKv / least);
  return { group, ...parts, splits: Math.max(1, Math.min(wanted, most)) };
}
