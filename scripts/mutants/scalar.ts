/** Wrong scalar kernels: the function of a work tile is called with something wrong, or its output is spoilt. */

import type { WorkTileCall } from '../../kernels/scalar/call.ts';
import { runScalarFlash, scalarFlash } from '../../kernels/scalar/flash.ts';
import { runScalarNaive, scalarNaive } from '../../kernels/scalar/naive.ts';
import type { Mutant } from './mutant.ts';

type Run = (call: WorkTileCall) => void;
type Where = (row: number, head: number, call: WorkTileCall) => boolean;

const headOf = (call: WorkTileCall) => Math.floor((call.qOffset % call.qStride) / call.headDim);

/** The rows of a tile that a place names are multiplied by a factor. */
const scaled =
  (factor: number, where: Where) =>
  (run: Run): Run =>
  (call) => {
    run(call);
    for (let row = 0; row < call.rows; row += 1) {
      if (!where(call.firstRow + row, headOf(call), call)) continue;
      const from = call.qOffset + row * call.qStride;
      for (let d = from; d < from + call.headDim; d += 1) call.o[d] = (call.o[d] as number) * factor;
    }
  };

/** Does nothing in tiles that it has done before, since it was prepared. */
const firstRunOnly = (run: Run): Run => {
  const done = new WeakMap<Float32Array, Set<number>>();
  return (call) => {
    const tiles = done.get(call.o) ?? new Set<number>();
    done.set(call.o, tiles);
    if (!tiles.has(call.qOffset)) run(call);
    tiles.add(call.qOffset);
  };
};

/** Right in the first runs of what was prepared, then one row of each tile is 1 % off. */
const laterRuns = (run: Run): Run => {
  const calls = new WeakMap<Float32Array, Map<number, number>>();
  return (call) => {
    const own = calls.get(call.o) ?? new Map<number, number>();
    calls.set(call.o, own);
    const count = (own.get(call.qOffset) ?? 0) + 1;
    own.set(call.qOffset, count);
    run(call);
    if (count > 1) scaled(1.01, (row) => row === call.firstRow)(() => {})(call);
  };
};

const FAULTS: Record<string, (run: Run) => Run> = {
  'the last key is never seen': (run) => (call) => run({ ...call, seqKv: call.seqKv - 1 }),
  'the first key is never seen': (run) => (call) =>
    run({
      ...call,
      visibility: { ...call.visibility, windowLow: Math.max(call.visibility.windowLow, 1 - call.firstRow) },
    }),
  'the diagonal is a key too far': (run) => (call) =>
    run({ ...call, visibility: { ...call.visibility, windowHigh: call.visibility.windowHigh + 1 } }),
  'values of the next key': (run) => (call) => run({ ...call, v: call.v.subarray(call.vStride) }),
  'a scale 0.1 % off': (run) => (call) => run({ ...call, scale: call.scale * 1.001 }),
  'all by 1e-4': scaled(1.0001, () => true),
  'one row in 128 by 1 %': scaled(1.01, (row) => row % 128 === 77),
  'rows 500 to 563 by 1 %': scaled(1.01, (row) => row >= 500 && row < 564),
  'row 1000 zero': scaled(0, (row) => row === 1000),
  'the last head zero': scaled(0, (_, head, call) => head === call.qStride / call.headDim - 1),
  'rows from 500 on by 0.1 %': scaled(1.001, (row) => row >= 500),
  'works in its first run only': firstRunOnly,
  'later runs 1 % off in a row of a tile': laterRuns,
};

/** All of them. */
export function scalarMutants(): Mutant[] {
  return [
    { kernel: scalarFlash, run: runScalarFlash },
    { kernel: scalarNaive, run: runScalarNaive },
  ].flatMap(({ kernel, run }) =>
    Object.entries(FAULTS)
      // The naive kernel has the faults that differ in its own code.
      .filter(([fault]) => kernel === scalarFlash || /key|first run/.test(fault))
      .map(([fault, wrong]) => ({
        family: kernel.name,
        fault,
        kernel,
        right: kernel,
        modules: { [kernel.name]: wrong(run) },
      })),
  );
}
