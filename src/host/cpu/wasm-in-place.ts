/** What a thread does for a program that reads K and V where they lie: parts of the keys of KV heads, then their merge. */

import type { WasmProgram } from '../../../kernels/kernel.ts';
import { groupSize, visibility } from '../../problem/workload.ts';
import { keyParts } from '../footprint.ts';
import { layoutOf } from '../tensor-layout.ts';
import { PHASE, takeWork } from './wasm-phases.ts';
import type { ThreadJob } from './wasm-thread.ts';

/** What such a module exports; all are numbers of type i32 but the scale, an f32. */
type InPlaceExports = {
  configure(...[seqKv, keysPadded, windowLow, windowHigh, qStrideBytes, kvStrideBytes, scale]: number[]): void;
  attend_keys(...[q, k, v, partial, scratch, firstKey, endKey]: number[]): void;
  merge(...[partials, parts, o, sinks]: number[]): void;
};

/**
 * Makes the function that does this thread's share of a phase. Where the keys are one part, attending merges it at once
 * and the merging phase need not be run.
 */
export function createInPlaceThread(
  job: ThreadJob,
  inPlace: NonNullable<WasmProgram['inPlace']>,
): (phase: number) => void {
  const { workload: w, addresses, control } = job;
  const instance = new WebAssembly.Instance(job.module, { host: { memory: job.memory } });
  const kernel = instance.exports as InPlaceExports;
  const layout = layoutOf(w, job.slice);
  const { windowLow, windowHigh } = visibility(w);
  kernel.configure(w.seqKv, w.seqKv, windowLow, windowHigh, layout.qStride * 4, layout.kvStride * 4, w.scale);

  const parts = keyParts(w, inPlace);
  const group = groupSize(w);
  const firstHead = (job.slice.firstKvHead ?? 0) * group;
  const partialsOf = (kvIndex: number) => addresses.partials + kvIndex * parts.length * inPlace.partialBytes;
  const merge = (kvIndex: number) => {
    const { qOffset, queryHead } = layout.tile(kvIndex * group);
    // A module without sinks has no such parameter, and is not given it.
    const sinks = addresses.sinks + (queryHead - firstHead) * 4;
    kernel.merge(partialsOf(kvIndex), parts.length, addresses.o + qOffset * 4, sinks);
  };
  const attend = (index: number) => {
    const kvIndex = Math.floor(index / parts.length);
    const part = index % parts.length;
    const { first, end } = parts[part] as (typeof parts)[number];
    const { qOffset, kvOffset } = layout.tile(kvIndex * group);
    kernel.attend_keys(
      addresses.q + qOffset * 4,
      addresses.k + kvOffset * 4,
      addresses.v + kvOffset * 4,
      partialsOf(kvIndex) + part * inPlace.partialBytes,
      job.scratch,
      first,
      end,
    );
    if (parts.length === 1) merge(kvIndex);
  };
  return (phase) => {
    if (phase === PHASE.merge) takeWork(control, layout.kvHeads, merge);
    else takeWork(control, layout.kvHeads * parts.length, attend);
  };
}
