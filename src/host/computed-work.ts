/** The arithmetic that a kernel does for a slice, rows that pad its work tiles included: what its time is guessed by before it has run. */

import type { Program } from '../../kernels/kernel.ts';
import { pairFlops } from '../problem/flops.ts';
import { blockStarts, type Slice, sliceFlops } from '../problem/slice.ts';
import { groupSize, keyRange, type Workload } from '../problem/workload.ts';

/** Keys that a work tile on a GPU takes at a time, at most. */
const KEY_BLOCK = 64;

/**
 * FLOPs that a program computes for a slice. On a GPU a work tile computes all its rows, however few of them there are (in
 * decoding often one of 64), against every key that any of them sees, in whole blocks. On a CPU it is what is kept.
 */
export function computedFlops(program: Program, w: Workload, slice: Slice): number {
  if (program.kind !== 'wgsl') return sliceFlops(w, slice);
  const pairs = blockStarts(slice).reduce((sum, start) => {
    const last = Math.min(start + slice.blockRows, w.seqQuery) - 1;
    const keys = keyRange(w, last).high - keyRange(w, start).low;
    return sum + slice.blockRows * Math.ceil(Math.max(0, keys) / KEY_BLOCK) * KEY_BLOCK;
  }, 0);
  return Math.max(sliceFlops(w, slice), slice.batches * slice.kvHeads * groupSize(w) * pairFlops(w, pairs));
}
