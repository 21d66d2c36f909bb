/** Shipped configurations of the kernels: device family x head dimension, each with the device and date of its tuning and the reason. */

import type { Workload } from '../src/problem/workload.ts';
import type { DeviceProfile } from './device.ts';
import type { WasmConfiguration } from './wasm/configuration.ts';
import type { WgslConfiguration } from './wgsl/configuration.ts';

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
const WASM_BLOCK_ROWS = [
  { fromKeys: 16384, rows: 576 },
  { fromKeys: 0, rows: 288 },
  { fromKeys: 0, rows: 192 },
  { fromKeys: 0, rows: 96 },
  { fromKeys: 0, rows: 48 },
];
const LEAST_TILES = 192;
/** From so many keys on V is not copied: memory counts for more than the 2 % that panels gain. */
const KEYS_OF_PLAIN_VALUES = 65536;

/** The shipped configuration of wasm-flash for a workload and a device. */
export function wasmConfiguration(w: Workload, { features }: DeviceProfile): WasmConfiguration {
  const tiles = (rows: number) => w.batch * w.queryHeads * Math.ceil(w.seqQuery / rows);
  const fitting = WASM_BLOCK_ROWS.find(({ fromKeys, rows }) => w.seqKv >= fromKeys && tiles(rows) >= LEAST_TILES);
  return {
    ...WASM,
    vectors: features.simd256 ? WASM_VECTORS.simd256 : WASM_VECTORS.simd128,
    blockRows: fitting?.rows ?? 48,
    values: w.seqKv >= KEYS_OF_PLAIN_VALUES ? 'rows' : 'panels',
  };
}

// WGSL

const KIB = 1024;

/**
 * Any GPU: 64 threads with 8 x 8 scores each: one float of workgroup memory read for each multiply-add of q k^T and 3/4 of one
 * for p v, in the 16 KiB that every device has up to head dimension 128.
 */
const GPU: WgslConfiguration = {
  ...{ threadRows: 8, threadColumns: 8, rows: 8, keys: 8 },
  // 16 keys of V lie in the 8 KiB that a chunk of q and k takes.
  ...{ chunk: 16, valueKeys: 16, unroll: 2, weightParts: 2 },
  ...{ rescale: 'always', values: 'after-softmax' },
};

/**
 * An adapter that a CPU emulates: no registers to run out of, every access to memory costs several instructions, and a barrier
 * switches between groups of threads; so few threads, each with much to do.
 */
const SOFTWARE: WgslConfiguration = {
  ...{ threadRows: 2, threadColumns: 4, rows: 16, keys: 16 },
  ...{ chunk: 16, valueKeys: 16, unroll: 2, weightParts: 1 },
  ...{ rescale: 'always', values: 'after-softmax' },
};

/** The shipped configurations of wgsl-flash; the first row that a device and a head dimension fit is taken. */
const WGSL_TABLE: { family: 'software' | 'any'; headDim: number; workgroupBytes: number; config: WgslConfiguration }[] =
  [
    // SwiftShader on an AMD EPYC, 24 November 2026: 1.15 to 1.42 times as fast as the GPU's at head dimensions 64 and 128, 512 and
    // 1k keys, in six interleaved runs.
    { family: 'software', headDim: 128, workgroupBytes: 24 * KIB, config: SOFTWARE },
    // Compiled for RDNA2 (navi21), Mesa 22.3, 24 November 2026: nothing spilled, 89 % of the vector issues of the main loop are
    // multiply-adds, 0.99 bytes read for each. A thread has registers for 12 rows, and reads less for each multiply-add.
    { family: 'any', headDim: 64, workgroupBytes: 24 * KIB, config: { ...GPU, rows: 12 } },
    // Compiled as above: nothing spilled, 89 %, 0.98 bytes.
    { family: 'any', headDim: 128, workgroupBytes: 0, config: GPU },
    // Not tuned: half the keys of V, so that they stay in 8 KiB.
    { family: 'any', headDim: 256, workgroupBytes: 0, config: { ...GPU, valueKeys: 8 } },
  ];

/** The shipped configuration of wgsl-flash for blocks of query rows; head dimensions above the table's last have that one's. */
export function wgslConfiguration(headDim: number, { limits, features }: DeviceProfile): WgslConfiguration {
  const fitting = WGSL_TABLE.find(
    (row) =>
      (row.family === 'any' || features.software === true) &&
      headDim <= row.headDim &&
      limits.workgroupMemoryBytes >= row.workgroupBytes,
  );
  return fitting?.config ?? { ...GPU, valueKeys: 8 };
}

/** Up to so many query rows (tokens times the query heads of a group) the configuration of few rows is used. */
export const FEW_ROWS = 32;

/**
 * For decoding: a block of 8 to 32 rows, so that hardly any is wasted, and all 64 threads along the keys. 13 KiB of workgroup
 * memory at most.
 */
export function fewRowsConfiguration(rows: number): WgslConfiguration {
  const threadRows = [1, 2, 4].find((count) => count * 8 >= rows) ?? 4;
  return {
    ...{ threadRows, threadColumns: 64 / threadRows, rows: 8, keys: 4 },
    ...{ chunk: 8, valueKeys: 8, unroll: 2, weightParts: 2 },
    ...{ rescale: 'always', values: 'after-softmax' },
  };
}
