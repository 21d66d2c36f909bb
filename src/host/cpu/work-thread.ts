/**
 * One thread of a run over one memory: waits for a phase, takes work tiles by an atomic counter until none is left, waits
 * again.
 */

import type { ThreadedProgram } from '../../../kernels/kernel.ts';
import { type KeyRun, seenKeys } from '../../problem/seen-keys.ts';
import type { Slice } from '../../problem/slice.ts';
import { elementBytes, groupSize, visibility, type Workload } from '../../problem/workload.ts';
import { packedDims, paddedKeys } from '../footprint.ts';
import { splitLastTiles } from '../last-tiles.ts';
import { layoutOf } from '../tensor-layout.ts';
import { createInPlaceThread } from './in-place-thread.ts';
import { PHASE, servePhases, takeWork } from './phases.ts';
import type { Addresses } from './threaded-memory.ts';

/** Everything that a thread needs, in values that can be sent to a worker. Addresses and sizes are in bytes; the code is what it was compiled to. */
export interface ThreadJob<Compiled> {
  code: Compiled;
  memory: WebAssembly.Memory;
  control: Int32Array;
  workload: Workload;
  slice: Slice;
  /** Keys are padded to a multiple of this in packed K and V. */
  keyMultiple: number;
  /** Floats of a row of packed K and V, where zeros pad them. */
  packedDims: ThreadedProgram['packedDims'];
  /** Query rows of the parts that the last work tiles are handed out in. */
  splitRows: number;
  /** Set where K and V are read in place, in parts. */
  inPlace: ThreadedProgram['inPlace'];
  addresses: Addresses;
  /** Bytes from one copy of k and of v to the next. */
  copies: { kBytes: number; vBytes: number };
  /** Address of this thread's private scratch. */
  scratch: number;
}

/**
 * Panels (runs of keyMultiple keys) that a thread packs at a time. Those that no row sees are not packed: zeros, as
 * memory begins, stand where a block of keys reaches beyond what is seen.
 */
const PANELS_AT_A_TIME = 32;

/** Told once: the strides are in bytes. All are integers but the scale, a float. */
export type Configure = (
  ...[seqKv, keysPadded, windowLow, windowHigh, qStrideBytes, kStrideBytes, scale, vStrideBytes, oStrideBytes]: number[]
) => void;

/** The functions of compiled code, over the memory of its job; all arguments are addresses and other integers. */
export interface KernelFunctions {
  configure: Configure;
  pack(...[k, v, packedK, packedV, firstPanel, endPanel, keyNorms]: number[]): void;
  attend(...[q, o, rows, firstRow, packedK, packedV, scratch, keyNorms, sink]: number[]): void;
  /** Of programs that read K and V where they lie, in place of the two before. */
  attend_keys(...[q, k, v, partials, scratch, firstKey, endKey, heads]: number[]): void;
  merge(...[partials, parts, partStrideBytes, o, sinks]: number[]): void;
}

/** Makes the functions of a thread of its own. */
export type Instantiate<Compiled> = (job: ThreadJob<Compiled>) => KernelFunctions;

/**
 * Makes the function that does this thread's share of a phase; it returns when no work of that phase is left to take.
 */
export function createThread<Compiled>(
  job: ThreadJob<Compiled>,
  instantiate: Instantiate<Compiled>,
): (phase: number) => void {
  const kernel = instantiate(job);
  if (job.inPlace !== undefined) return createInPlaceThread(job, job.inPlace, kernel);
  const { workload: w, addresses, control, keyMultiple } = job;
  const layout = layoutOf(w, job.slice);
  const keysPadded = paddedKeys(job, w);
  const { windowLow, windowHigh } = visibility(w);
  const { qStride, kStride, vStride, oStride } = layout;
  // A module whose v and o are strided as k and q is not given their strides: it has no such parameters.
  const size = elementBytes(w.dtype);
  const strides = [vStride * size, oStride * size];
  kernel.configure(w.seqKv, keysPadded, windowLow, windowHigh, qStride * size, kStride * size, w.scale, ...strides);

  const dims = packedDims(job, w);
  const [packedBytesK, packedBytesV] = [keysPadded * dims.k * 4, keysPadded * dims.v * 4];
  const panels = keysPadded / keyMultiple;
  const portions = seenKeys(w, job.slice, keyMultiple).flatMap((seen) => portionsOf(seen, keyMultiple));
  const group = groupSize(w);
  const firstHead = (job.slice.firstKvHead ?? 0) * group;
  const blocks = layout.tiles / (layout.kvHeads * group);
  const work = splitLastTiles(layout, job.slice.blockRows, job.splitRows);

  const pack = (index: number) => {
    const kvIndex = Math.floor(index / portions.length);
    const { first, end } = portions[index % portions.length] as PanelRun;
    const { kOffset, vOffset } = layout.tile(kvIndex * group * blocks);
    kernel.pack(
      addresses.k + kOffset * size,
      addresses.v + vOffset * size,
      addresses.packedK + kvIndex * packedBytesK,
      addresses.packedV + kvIndex * packedBytesV,
      first,
      end,
      addresses.keyNorms + kvIndex * panels * 4,
    );
  };
  const attend = (index: number) => {
    const { qOffset, oOffset, kvIndex, firstRow, rows, queryHead } = work.at(index);
    if (rows <= 0) return;
    kernel.attend(
      addresses.q + qOffset * size,
      addresses.o + oOffset * size,
      rows,
      firstRow,
      addresses.packedK + kvIndex * packedBytesK,
      addresses.packedV + kvIndex * packedBytesV,
      job.scratch,
      addresses.keyNorms + kvIndex * panels * 4,
      // A module without sinks has no such parameter, and is not given it.
      addresses.sinks + (queryHead - firstHead) * 4,
    );
  };

  return (phase) => {
    if (phase === PHASE.pack) takeWork(control, layout.kvHeads * portions.length, pack);
    else takeWork(control, work.count, attend);
  };
}

/** Panels from `first` to before `end`. */
interface PanelRun {
  first: number;
  end: number;
}

/** The panels of a run of keys, in portions that threads take one by one. */
function portionsOf(seen: KeyRun, keyMultiple: number): PanelRun[] {
  const [first, end] = [seen.first / keyMultiple, seen.end / keyMultiple];
  return Array.from({ length: Math.ceil((end - first) / PANELS_AT_A_TIME) }, (_, i) => {
    const start = first + i * PANELS_AT_A_TIME;
    return { first: start, end: Math.min(end, start + PANELS_AT_A_TIME) };
  });
}

/** What a worker thread does, to its end; `ready` is called once, when it can take work. */
export function serveThread<Compiled>(
  job: ThreadJob<Compiled>,
  instantiate: Instantiate<Compiled>,
  ready: () => void,
): void {
  const run = createThread(job, instantiate);
  ready();
  servePhases(job.control, run);
}
