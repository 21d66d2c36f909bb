/**
 * Warming: a program is run in short calls until it runs at its speed. Engines compile code for speed while it runs, and
 * WebAssembly changes to the faster code only between calls, so one long first call would run at a tenth of it.
 */

import type { Program } from '../../kernels/kernel.ts';
import { type Slice, wholeSlice } from '../problem/slice.ts';
import { groupSize, type Workload } from '../problem/workload.ts';
import type { PreparedRun } from './prepared-run.ts';

/** Successive runs that differ by less than this are warm. */
const AGREE = 0.03;
/** Seconds of running before two runs that agree count: slow code is steady too. */
const LEAST_SECONDS = 0.15;

/** Runs after which a program whose runs take no time counts as warm. */
const MOST_RUNS = 50;

/** What else ends warming. */
interface WarmOptions {
  /** FLOP/s of a warm run in another process: one that comes as near to it is enough, since slow code does not. */
  warmRate?: number;
  /** Runs before the time is up, 1 where it is left out. */
  least?: number;
}

/** Runs at least once, and until two successive runs agree or the next would go beyond `seconds`. */
export async function warmUp(
  prepared: PreparedRun,
  seconds: number,
  { warmRate = Number.POSITIVE_INFINITY, least = 1 }: WarmOptions = {},
): Promise<void> {
  let before = Number.NaN;
  let spent = 0;
  for (let runs = 1; runs <= MOST_RUNS; runs += 1) {
    const sample = await prepared.run();
    spent += sample.seconds;
    const time = sample.seconds / sample.flops;
    if (1 / time > (1 - AGREE) * warmRate) return;
    if (spent >= LEAST_SECONDS && Math.abs(time - before) / time < AGREE) return;
    if (runs >= least && spent + prepared.expectedSeconds > seconds) return;
    before = time;
  }
}

/** A small part of a problem on which a program warms and shows its rate. */
export interface SmallProblem {
  workload: Workload;
  slice: Slice;
}

/** Work tiles for a device that schedules them itself. */
const GPU_TILES = 16;

/**
 * A problem of the same shape with `keys` keys, and queries for about a work tile on each thread. A program takes
 * lengths and masks as arguments, so it is the same code. The mask of a library's kernel stays, since its code may not be.
 */
export function smallProblem(
  w: Workload,
  program: Program,
  threads: number | null,
  library: boolean,
  keys: number,
): SmallProblem {
  const group = groupSize(w);
  const blocks = Math.ceil((threads ?? GPU_TILES) / group);
  const seqKv = Math.min(w.seqKv, keys);
  const seqQuery = library ? Math.min(w.seqQuery, seqKv) : Math.min(w.seqQuery, program.blockRows * blocks);
  // Where a head has few queries, more heads give the threads something to do.
  const kvHeads = Math.min(w.kvHeads, Math.ceil(blocks / Math.ceil(seqQuery / program.blockRows)));
  const workload: Workload = {
    ...w,
    ...{ batch: 1, kvHeads, queryHeads: kvHeads * group, seqQuery, seqKv },
    ...(library ? {} : { mask: 'full', window: null }),
  };
  return { workload, slice: wholeSlice(workload, program.blockRows) };
}
