/** Shipped tile choices, with the device and date of their tuning and the reason. */

import type { Features } from './kernel.ts';
import type { WasmTile } from './wasm/tile.ts';

/**
 * WebAssembly has 16 vector registers on x86. With 128-bit operations a 6x2 tile keeps 12 accumulators, 2 panel vectors
 * and 1 broadcast in them; with the revectoriser pairs share a 256-bit register, so the tile can be twice as wide.
 *
 * 96 query rows a unit: each reads all packed keys and values once, from memory where they outgrow the caches. Against 48
 * rows in paired rounds (Intel Xeon, two cores, Node 26.10, 23 November 2026): 1.02 times at 4k, 1.11 at 32k. 144 rows
 * gain another 6 % at 32k, but a slice of 16 units a thread then takes 0.6 s there, too long for the default budget.
 */
export function wasmTile(features: Features): WasmTile {
  const common = {
    rows: 6,
    blockRows: 96,
    blockKeys: 128,
    unroll: 4,
    rescale: 'always',
    softmax: 'after-block',
  } as const;
  return { ...common, vectors: features.simd256 ? 4 : 2 };
}

/** The tile of the WGSL flash kernel. */
export interface WgslTile {
  /** Threads along the query rows and along the keys and output columns. */
  threadRows: number;
  threadColumns: number;
  /** Query rows and keys that one thread owns, multiples of 4. */
  rows: number;
  keys: number;
  /** Head dimensions of q and k staged in workgroup memory at a time: 16 divides every head dimension. */
  chunk: number;
  /** Keys of V staged at a time. */
  valueKeys: number;
  /** Parts in which the weights pass through workgroup memory; divides threadColumns. */
  weightParts: number;
  /** Sums multiplied by the rescale factor always, or only where it is not 1 for every row of the thread. */
  rescale: 'always' | 'branch';
  /** The first rows of V staged after the softmax, or before it, while workgroup memory is free. */
  values: 'after-softmax' | 'before-softmax';
}

/**
 * 64 threads with 8 x 8 scores each: one float of workgroup memory read for each multiply-add of q k^T and 3/4 of one for
 * p v, in the 16 KiB that every device has up to head dimension 128. Compiled for RDNA2 it spills nothing.
 */
export function wgslTile(headDim: number): WgslTile {
  const common = { threadRows: 8, threadColumns: 8, rows: 8, keys: 8, chunk: 16, weightParts: 2 } as const;
  // 16 keys of V in the 8 KiB that a chunk of q and k takes; 8 keys above head dimension 128.
  return { ...common, rescale: 'always', values: 'after-softmax', valueKeys: headDim > 128 ? 8 : 16 };
}
