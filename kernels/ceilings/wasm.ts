/**
 * What WebAssembly can do at best on a CPU: multiply-adds from the first-level cache, exponentials, and memory reads.
 *
 * A ceiling is a kernel with the exports of any other, so that it runs on the same threads, on the same work tiles and
 * in the same rounds; in place of attention it does as many operations as the attention of its work tiles would take.
 */

import { flops, pairFlops } from '../../src/problem/flops.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { wasmConfiguration } from '../cpu-configurations.ts';
import type { Features } from '../device.ts';
import type { WasmConfiguration } from '../wasm/configuration.ts';
import { hasFewRows } from '../wasm/few-rows.ts';
import { CHAIN, fibonacciLow16 } from './addition-chain.ts';
import { expectedReads, keyBytes } from './key-bytes.ts';
import { meanDim, type Probe } from './probe.ts';
import {
  BLOCK_ROWS,
  DEPTH,
  emitAdditionChain,
  emitExponentials,
  emitMultiplyAdd,
  emitSoftmaxRows,
  panelFlops,
} from './wasm-programs.ts';
import { emitMemoryReads } from './wasm-reads.ts';

/** Register tiles to try, rows x vectors; which is best differs between engines and widths. */
const NARROW_TILES = ['6x2', '5x2', '4x2', '4x3', '3x4'] as const;
const WIDE_TILES = ['6x4', '5x4', '4x4', '3x4', '2x8'] as const;

function tileOf(name: string): WasmConfiguration {
  const [rows = 1, vectors = 1] = name.split('x').map(Number);
  const words = { rescale: 'always', order: 'groups', maxima: 'always', values: 'panels' } as const;
  return { rows, vectors, blockRows: BLOCK_ROWS, blockKeys: DEPTH, unroll: 4, ...words };
}

/** The multiply-add ceilings of a feature set, one for each tile; the fastest of them is the ceiling. */
export function multiplyAddCeilings(features: Features): Probe[] {
  return (features.simd256 ? WIDE_TILES : NARROW_TILES).map((name) => ({
    name: `wasm-multiply-add-${name}`,
    backend: 'wasm',
    summary: `multiply-adds in a register tile of ${name} vectors over a panel in the first-level cache`,
    unsupported: () => undefined,
    operationsPerFlop: () => 1,
    // Every step of a panel adds 2^-20 to every sum.
    expected: (w) => 2 ** -20 * DEPTH * Math.round(workTileFlops(w, BLOCK_ROWS) / panelFlops(tileOf(name))),
    build: (workload, built) => emitMultiplyAdd(meanDim(workload), tileOf(name), built.features),
  }));
}

/** FLOPs of attention that a work tile of the first `rows` rows stands for, full mask. */
function workTileFlops(w: Workload, rows: number): number {
  return pairFlops(w, w.seqKv * Math.min(rows, w.seqQuery));
}

/** Exponentials: 2^x by the polynomial of wasm-flash, one for each 4 FLOPs of attention. All are of -3.25. */
export const exponentialCeiling: Probe = {
  name: 'wasm-exponentials',
  backend: 'wasm',
  summary: 'the exponential of wasm-flash on values in the first-level cache',
  unsupported: () => undefined,
  operationsPerFlop: () => 1 / 4,
  expected: () => 2 ** -3.25,
  build: (workload, { features }) => emitExponentials(meanDim(workload), features.simd256 ? 4 : 2, features),
};

/** The online softmax of wasm-flash, maxima and sums included, on rows of equal scores: all weights become 1. */
export const softmaxCeiling: Probe = {
  name: 'wasm-softmax',
  backend: 'wasm',
  summary: 'the online softmax of wasm-flash on scores in the first-level cache',
  unsupported: () => undefined,
  operationsPerFlop: () => 1 / 4,
  expected: () => 1,
  build: (workload, device) => emitSoftmaxRows(meanDim(workload), wasmConfiguration(workload, device), device.features),
};

/** Memory: K and V of the visible keys, read once where they lie, by the pieces of work of a pass of few query rows. */
export const memoryReads: Probe = {
  name: 'wasm-memory-reads',
  backend: 'wasm',
  summary: 'reads of K and V where they lie, in order, once',
  roof: 'memory',
  limits: (_, workload) => hasFewRows(workload),
  unsupported: () => undefined,
  operationsPerFlop: (w) => keyBytes(w) / flops(w),
  expected: expectedReads,
  build: (workload, { features }) => emitMemoryReads(workload, features),
};

/** The clock of the cores: dependent additions of one clock each, one for each 4 FLOPs of attention. */
export const clockProbe: Probe = {
  name: 'wasm-addition-chain',
  backend: 'wasm',
  summary: 'additions that each wait for the one before: their rate is the clock of a core',
  unsupported: () => undefined,
  operationsPerFlop: () => 1 / 4,
  expected: (w) => fibonacciLow16(CHAIN * Math.round(workTileFlops(w, BLOCK_ROWS) / 4 / CHAIN)),
  build: (workload, { features }) => emitAdditionChain(meanDim(workload), features),
};
