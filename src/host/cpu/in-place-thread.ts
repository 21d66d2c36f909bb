/** What a thread does for a program that reads K and V where they lie: parts of the keys of KV heads, then their merge. */

import type { ThreadedProgram } from '../../../kernels/kernel.ts';
import { groupSize, visibility } from '../../problem/workload.ts';
import { keyParts } from '../footprint.ts';
import { layoutOf } from '../tensor-layout.ts';
import { CONTROL, PHASE, takeWork } from './phases.ts';
import type { KernelFunctions, ThreadJob } from './work-thread.ts';

/**
 * Makes the function that does this thread's share of a phase. Where the keys are one part, attending merges it at once
 * and the merging phase need not be run.
 */
export function createInPlaceThread(
  job: ThreadJob<unknown>,
  inPlace: NonNullable<ThreadedProgram['inPlace']>,
  kernel: KernelFunctions,
): (phase: number) => void {
  const { workload: w, addresses, copies, control } = job;
  const layout = layoutOf(w, job.slice);
  const { batch: batches, kvHeads } = layout.shape;
  const { windowLow, windowHigh } = visibility(w);
  const { qStride, kStride, vStride, oStride } = layout;
  // A module whose v and o are strided as k and q is not given their strides: it has no such parameters.
  const strides = [vStride * 4, oStride * 4];
  kernel.configure(w.seqKv, w.seqKv, windowLow, windowHigh, qStride * 4, kStride * 4, w.scale, ...strides);

  const parts = keyParts(w, inPlace);
  const group = groupSize(w);
  const firstHead = (job.slice.firstKvHead ?? 0) * group;
  /** Bytes of the partial results of a part of a batch: one for each KV head. */
  const partBytes = kvHeads * inPlace.partialBytes;
  const partialOf = (batch: number, part: number, kvHead: number) =>
    addresses.partials + (batch * parts.length + part) * partBytes + kvHead * inPlace.partialBytes;
  const merge = (kvIndex: number) => {
    const { oOffset, queryHead } = layout.tile(kvIndex * group);
    const partials = partialOf(Math.floor(kvIndex / kvHeads), 0, kvIndex % kvHeads);
    // A module without sinks has no such parameter, and is not given it.
    const sinks = addresses.sinks + (queryHead - firstHead) * 4;
    kernel.merge(partials, parts.length, partBytes, addresses.o + oOffset * 4, sinks);
  };
  const headRuns = Math.ceil(kvHeads / inPlace.splitHeads);
  const attend = (index: number) => {
    const copy = Atomics.load(control, CONTROL.copy);
    const kvHead = (index % headRuns) * inPlace.splitHeads;
    const part = Math.floor(index / headRuns) % parts.length;
    const batch = Math.floor(index / headRuns / parts.length);
    const heads = Math.min(inPlace.splitHeads, kvHeads - kvHead);
    const { first, end } = parts[part] as (typeof parts)[number];
    const kvIndex = batch * kvHeads + kvHead;
    const { qOffset, kOffset, vOffset } = layout.tile(kvIndex * group);
    kernel.attend_keys(
      addresses.q + qOffset * 4,
      addresses.k + copy * copies.kBytes + kOffset * 4,
      addresses.v + copy * copies.vBytes + vOffset * 4,
      partialOf(batch, part, kvHead),
      job.scratch,
      first,
      end,
      heads,
    );
    if (parts.length === 1) for (let head = 0; head < heads; head += 1) merge(kvIndex + head);
  };
  return (phase) => {
    if (phase === PHASE.merge) takeWork(control, layout.kvHeads, merge);
    else takeWork(control, batches * parts.length * headRuns, attend);
  };
}
