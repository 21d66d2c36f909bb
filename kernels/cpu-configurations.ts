/** Shipped configurations of the kernels on the CPU, WebAssembly and machine code, each with the device and date of its choice and the reason. */

import { valueDim, type Workload } from '../src/problem/workload.ts';
import type { DeviceProfile } from './device.ts';
import type { WasmConfiguration } from './wasm/configuration.ts';
import type { TileConfiguration, X64Configuration } from './x64/configuration.ts';

// WebAssembly

/**
 * WebAssembly has 16 vector registers on x86. With 128-bit operations a 6 x 2 register tile keeps 12 accumulators, 2 panel
 * vectors and 1 broadcast in them; with the revectoriser pairs share a 256-bit register, so the tile can be twice as wide.
 *
 * Chosen in paired rounds on one core of an AMD EPYC (Zen 4), Node 26.10, 24 November 2026, simd256: order 'groups' beside
 * 'phases' 1.01 at 4k, 1.03 at 32k; 256 keys beside 128 1.01 and 1.02.
 */
const WASM: Pick<WasmConfiguration, 'rows' | 'blockKeys' | 'unroll' | 'rescale' | 'order' | 'maxima'> = {
  ...{ rows: 6, blockKeys: 256, unroll: 4 },
  ...{ rescale: 'always', order: 'groups', maxima: 'when-needed' },
};
/** Vectors of the register tile by how wide the operations are that the engine compiles to; the same for every head dimension. */
const WASM_VECTORS = { simd128: 2, simd256: 4 };

/**
 * Query rows of a work tile by the keys of the workload: the first row of the table whose `fromKeys` are there and that leaves
 * LEAST_TILES tiles, for any number of threads.
 *
 * Same device and date: 288 rows beside 96 1.01 at 4k and 1.05 at 32k, where packed K and V outgrow the caches and more rows share each
 * read of them; 576 rows beside 288 1.007 at 16k causal, 8 query heads a KV head, 0.995 to 1.008 at 32k, 0.994 at 4k.
 */
const CPU_BLOCK_ROWS = [
  { fromKeys: 16384, rows: 576 },
  { fromKeys: 0, rows: 288 },
  { fromKeys: 0, rows: 192 },
  { fromKeys: 0, rows: 96 },
  { fromKeys: 0, rows: 48 },
];
const LEAST_TILES = 192;
/**
 * Keys of a block where rows of k and v together are longer than WIDE_DIMS: K and V of a block then stay within half a MiB of the second-level
 * cache. One core of the same device, CPU time, 26 November 2026, 4k keys, interleaved: 128 keys beside 256 1.06 at head dimension 512 (middle
 * half of 13 rounds 1.01 to 1.11), 1.03 at 576/512, 1.01 at 320.
 */
const WIDE_BLOCK_KEYS = 128;
const WIDE_DIMS = 640;
/** From so many keys on V is not copied: memory counts for more than the 2 % that panels gain. */
const KEYS_OF_PLAIN_VALUES = 65536;

function blockRowsOf(w: Workload): number {
  const tiles = (rows: number) => w.batch * w.queryHeads * Math.ceil(w.seqQuery / rows);
  const fitting = CPU_BLOCK_ROWS.find(({ fromKeys, rows }) => w.seqKv >= fromKeys && tiles(rows) >= LEAST_TILES);
  return fitting?.rows ?? 48;
}

/** The shipped configuration of wasm-flash for a workload and a device. */
export function wasmConfiguration(w: Workload, { features }: DeviceProfile): WasmConfiguration {
  return {
    ...WASM,
    ...(w.headDim + valueDim(w) > WIDE_DIMS ? { blockKeys: WIDE_BLOCK_KEYS } : {}),
    vectors: features.simd256 ? WASM_VECTORS.simd256 : WASM_VECTORS.simd128,
    blockRows: blockRowsOf(w),
    values: w.seqKv >= KEYS_OF_PLAIN_VALUES ? 'rows' : 'panels',
  };
}

// Machine code

/** A register tile that leaves two vectors for the panel and one for the broadcast: of 16 registers, and of 32. */
const X64_TILES = {
  avx2: { set: 'avx2', rows: 6, vectors: 2 },
  avx512: { set: 'avx512', rows: 12, vectors: 2 },
} as const;

/** The shipped configuration of x64-flash for a workload and a device: the blocks of wasm-flash, whose sizes the caches give. */
export function x64Configuration(w: Workload, { features }: DeviceProfile): X64Configuration {
  // Products of bf16 are of 512 bits.
  return {
    ...X64_TILES[w.dtype === 'bf16' ? 'avx512' : (features.instructionSet ?? 'avx2')],
    blockRows: blockRowsOf(w),
    blockKeys: w.headDim + valueDim(w) > WIDE_DIMS ? WIDE_BLOCK_KEYS : 256,
  };
}

/** Rows of two tiles. */
const AMX_ROWS = 32;

/**
 * The shipped configuration of amx-flash: two tiles by two of sums, for which four tiles are loaded every four products; a block of scores of
 * 32 KiB. Not measured: no CPU with AMX was at hand.
 */
export function amxConfiguration(w: Workload): TileConfiguration {
  return {
    ...({ set: 'amx-bf16', rows: AMX_ROWS, vectors: 2 } as const),
    blockRows: Math.ceil(blockRowsOf(w) / AMX_ROWS) * AMX_ROWS,
    blockKeys: w.headDim + valueDim(w) > WIDE_DIMS ? WIDE_BLOCK_KEYS : 256,
  };
}
