/**
 * A host for kernels that are TypeScript functions: it calls them for one work tile after another, on the calling
 * thread.
 */

import { runScalarMultiplyAdd } from '../../../kernels/ceilings/scalar.ts';
import type { WorkTileCall } from '../../../kernels/scalar/call.ts';
import { runScalarFlash } from '../../../kernels/scalar/flash.ts';
import { runScalarNaive } from '../../../kernels/scalar/naive.ts';
import { type RowTerms, rowTerms, scoreOptions } from '../../problem/scores.ts';
import { type RowAddress, sliceFlops } from '../../problem/slice.ts';
import { valueDim, visibility } from '../../problem/workload.ts';
import type { Host } from '../contract.ts';
import { outputReads } from '../output-reads.ts';
import { NO_FEATURES, NO_WORKGROUPS } from '../plain-device.ts';
import { createPoison, type Poisoned } from '../poison.ts';
import { createPreparedTable } from '../prepared-table.ts';
import { createTensors, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { wallClock } from '../wall-clock.ts';
import { sampleOf } from './sample.ts';

/** Kernels by the names that module programs have for them. */
export type ModuleKernels = Record<string, (call: WorkTileCall) => void>;

/** Every kernel that a module program may name. */
const KERNELS: ModuleKernels = {
  'scalar-naive': runScalarNaive,
  'scalar-flash': runScalarFlash,
  'scalar-multiply-add': runScalarMultiplyAdd,
};

interface PreparedScalar {
  run: (call: WorkTileCall) => void;
  call: WorkTileCall;
  /** What becomes of the scores of a row; null where the workload asks for nothing. */
  terms: ((address: RowAddress) => RowTerms) | null;
  layout: TensorLayout;
  flops: number;
  /** Undefined for a ceiling, which writes no rows. */
  poisoned: Poisoned | undefined;
}

/** Opens a host. `memoryBytes` is what the machine can spare; `kernels` are others than the project's own, such as wrong ones. */
export function createScalarHost(deviceName: string, memoryBytes: number, kernels = KERNELS): Host {
  const table = createPreparedTable<PreparedScalar>();
  const lookUp = (name: string) => {
    const run = kernels[name];
    if (run === undefined) throw new RangeError(`no module '${name}' is known here`);
    return run;
  };
  return {
    async environment() {
      return {
        device: {
          name: deviceName,
          backend: 'scalar',
          software: false,
          features: [],
          threads: 1,
          variant: null,
          variantReason: null,
          clock: wallClock(),
        },
        deviceLimits: {},
        limits: {
          memoryBytes,
          tensorBytes: 2 ** 32,
          ...NO_WORKGROUPS,
        },
        features: NO_FEATURES,
      };
    },
    async compile(program) {
      if (program.kind === 'module') lookUp(program.entry);
      return 0;
    },
    async prepare({ program, workload: w, slice, data }) {
      if (program.kind !== 'module') throw new TypeError(`a scalar host cannot run a ${program.kind} program`);
      const run = lookUp(program.entry);
      const begin = performance.now();
      const layout = layoutOf(w, slice);
      const tensors = createTensors(data, w, slice, layout);
      const { qStride, kStride, vStride, oStride } = layout;
      const { seqKv, headDim, scale } = w;
      const tile = { qOffset: 0, kOffset: 0, vOffset: 0, oOffset: 0, firstRow: 0, rows: 0 };
      const dims = { headDim, headDimV: valueDim(w), qStride, kStride, vStride, oStride };
      const shape = { ...dims, seqKv, scale, visibility: visibility(w) };
      const call = { ...tensors, ...shape, ...tile, terms: null };
      const terms = scoreOptions(w).length === 0 ? null : (address: RowAddress) => rowTerms(w, data, address);
      const poisoned = data.kind === 'none' ? undefined : createPoison(tensors.o, layout);
      const id = table.add({ run, call, terms, layout, flops: sliceFlops(w, slice), poisoned });
      return { id, compileSeconds: 0, prepareSeconds: (performance.now() - begin) / 1000 };
    },
    async run(id) {
      const { run, call, terms, layout, flops, poisoned } = table.get(id);
      return sampleOf(flops, () => {
        poisoned?.poison();
        const begin = performance.now();
        for (let index = 0; index < layout.tiles; index += 1) {
          const { qOffset, kOffset, vOffset, oOffset, firstRow, rows, batch, queryHead } = layout.tile(index);
          const ofRow = terms === null ? null : (row: number) => terms({ batch, queryHead, row: firstRow + row });
          run({ ...call, qOffset, kOffset, vOffset, oOffset, firstRow, rows, terms: ofRow });
        }
        const seconds = (performance.now() - begin) / 1000;
        poisoned?.check(call.o);
        return seconds;
      });
    },
    ...outputReads((id) => {
      const { call, layout } = table.get(id);
      return { output: call.o, layout };
    }),
    async dispose(id) {
      table.take(id);
    },
    async close() {},
  };
}
