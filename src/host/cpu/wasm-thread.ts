/** One thread of a WebAssembly run: waits for a phase, takes units by an atomic counter until none is left, waits again. */

import type { Slice } from '../../problem/slice.ts';
import { groupSize, visibility, type Workload } from '../../problem/workload.ts';
import { splitLastTiles } from '../last-tiles.ts';
import { layoutOf, type TensorLayout } from '../tensor-layout.ts';

/** Everything that a thread needs, in values that can be sent to a worker. Addresses and sizes are in bytes. */
export interface ThreadJob {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
  control: Int32Array;
  workload: Workload;
  slice: Slice;
  keysPadded: number;
  keyMultiple: number;
  /** Query rows of the parts that the last units are handed out in. */
  splitRows: number;
  addresses: { q: number; k: number; v: number; o: number; packedK: number; packedV: number; keyNorms: number };
  /** Private scratch of this thread. */
  scratch: number;
}

/** Places in the control array. */
export const CONTROL = { generation: 0, phase: 1, next: 2, done: 3, size: 4 } as const;
/** What a new generation asks for. */
export const PHASE = { pack: 0, attend: 1, exit: 2 } as const;
/** Panels that one packing unit covers. */
const PANELS_PER_UNIT = 32;

interface Exports {
  configure(...values: number[]): void;
  pack(...[k, v, packedK, packedV, first, last, keyNorms]: number[]): void;
  attend(...[q, o, rows, firstRow, packedK, packedV, scratch, keyNorms]: number[]): void;
}

/** Makes the function that does this thread's share of a phase. */
export function createThread(job: ThreadJob): (phase: number) => void {
  const { workload: w, addresses, control, keysPadded, keyMultiple } = job;
  const instance = new WebAssembly.Instance(job.module, { host: { memory: job.memory } });
  const exports = instance.exports as unknown as Exports;
  const layout: TensorLayout = layoutOf(w, job.slice);
  const { windowLow, windowHigh } = visibility(w);
  exports.configure(w.seqKv, keysPadded, windowLow, windowHigh, layout.qStride * 4, layout.kvStride * 4, w.scale);

  const packedBytes = keysPadded * w.headDim * 4;
  const panels = keysPadded / keyMultiple;
  const packTilesPerHead = Math.ceil(panels / PANELS_PER_UNIT);
  const group = groupSize(w);
  const blocks = layout.tiles / (layout.kvHeads * group);
  const work = splitLastTiles(layout, job.slice.blockRows, job.splitRows);

  const pack = (index: number) => {
    const kvIndex = Math.floor(index / packTilesPerHead);
    const first = (index % packTilesPerHead) * PANELS_PER_UNIT;
    const { kvOffset } = layout.tile(kvIndex * group * blocks);
    exports.pack(
      addresses.k + kvOffset * 4,
      addresses.v + kvOffset * 4,
      addresses.packedK + kvIndex * packedBytes,
      addresses.packedV + kvIndex * packedBytes,
      first,
      Math.min(panels, first + PANELS_PER_UNIT),
      addresses.keyNorms + kvIndex * panels * 4,
    );
  };
  const attend = (index: number) => {
    const { qOffset, kvIndex, firstRow, rows } = work.at(index);
    if (rows <= 0) return;
    const packed = kvIndex * packedBytes;
    exports.attend(
      addresses.q + qOffset * 4,
      addresses.o + qOffset * 4,
      rows,
      firstRow,
      addresses.packedK + packed,
      addresses.packedV + packed,
      job.scratch,
      addresses.keyNorms + kvIndex * panels * 4,
    );
  };

  return (phase) => {
    const [run, count] = phase === PHASE.pack ? [pack, layout.kvHeads * packTilesPerHead] : [attend, work.count];
    for (
      let index = Atomics.add(control, CONTROL.next, 1);
      index < count;
      index = Atomics.add(control, CONTROL.next, 1)
    ) {
      run(index);
    }
  };
}

/**
 * The life of a worker thread; `ready` is called once, when it can take work. Between phases it sleeps in Atomics.wait and
 * uses no CPU.
 */
export function serveThread(job: ThreadJob, ready: () => void): void {
  const run = createThread(job);
  const { control } = job;
  ready();
  for (let generation = 0; ; generation += 1) {
    Atomics.wait(control, CONTROL.generation, generation);
    const phase = Atomics.load(control, CONTROL.phase);
    if (phase === PHASE.exit) return;
    run(phase);
    Atomics.add(control, CONTROL.done, 1);
    Atomics.notify(control, CONTROL.done);
  }
}
