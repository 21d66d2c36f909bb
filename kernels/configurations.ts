/** Shipped tile choices, with the device and date of their tuning and the reason. */

import type { Workload } from '../src/problem/workload.ts';
import type { Features, Limits } from './kernel.ts';
import type { WasmConfiguration } from './wasm/configuration.ts';

/** Query rows of a unit to choose from; a workload should make at least so many units, for any number of threads. */
const BLOCK_ROWS = [576, 288, 192, 96, 48] as const;
const LEAST_TILES = 192;
/** From so many keys on 288 rows a unit read packed K and V from memory so often that twice as many gain. */
const LONG = 16384;
/** From so many keys on V is not copied: memory counts for more than the 2 % that panels gain. */
const VERY_LONG = 65536;

/**
 * WebAssembly has 16 vector registers on x86. With 128-bit operations a 6x2 tile keeps 12 accumulators, 2 panel vectors
 * and 1 broadcast in them; with the revectoriser pairs share a 256-bit register, so the tile can be twice as wide.
 *
 * Chosen in paired rounds on one core of an AMD EPYC (Zen 4), Node 26.10, 24 November 2026, simd256: order 'groups' beside
 * 'phases' 1.01 at 4k, 1.03 at 32k; 256 keys beside 128 1.01 and 1.02; units of 288 rows beside 96 1.01 at 4k and 1.05 at
 * 32k, where packed K and V outgrow the caches and more rows share each read of them; 576 rows beside 288 1.007
 * at 16k causal, 8 query heads a KV head, 0.995 to 1.008 at 32k, 0.994 at 4k.
 */
export function wasmConfiguration(features: Features, w: Workload): WasmConfiguration {
  const tiles = (rows: number) => w.batch * w.queryHeads * Math.ceil(w.seqQuery / rows);
  const most = w.seqKv >= LONG ? 576 : 288;
  const blockRows = BLOCK_ROWS.find((rows) => rows <= most && tiles(rows) >= LEAST_TILES) ?? 48;
  return {
    rows: 6,
    vectors: features.simd256 ? 4 : 2,
    blockRows,
    blockKeys: 256,
    unroll: 4,
    rescale: 'always',
    order: 'groups',
    maxima: 'when-needed',
    values: w.seqKv >= VERY_LONG ? 'rows' : 'panels',
  };
}

/** The tile of the WGSL flash kernel. */
export interface WgslConfiguration {
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
  /** Steps of both products' loops written out: fewer additions of addresses, more code; divides chunk and valueKeys. */
  unroll: number;
  /** Parts in which the weights pass through workgroup memory; divides threadColumns. */
  weightParts: number;
  /** Sums multiplied by the rescale factor always, or only where it is not 1 for every row of the thread. */
  rescale: 'always' | 'branch';
  /** The first rows of V staged after the softmax, or before it, while workgroup memory is free. */
  values: 'after-softmax' | 'before-softmax';
}

/**
 * For an adapter that a CPU emulates: no registers to run out of, every access to memory costs several instructions, and a
 * barrier switches between groups of threads; so few threads, each with much to do. Beside the tile of a GPU 1.15 to
 * 1.42 times as fast at head dimensions 64 and 128, 512 and 1k keys (SwiftShader on an AMD EPYC, six interleaved runs, 24 November 2026).
 */
const SOFTWARE_CONFIGURATION: WgslConfiguration = {
  threadRows: 2,
  threadColumns: 4,
  rows: 16,
  keys: 16,
  chunk: 16,
  unroll: 2,
  weightParts: 1,
  rescale: 'always',
  values: 'after-softmax',
  valueKeys: 16,
};

/**
 * 64 threads with 8 x 8 scores each: one float of workgroup memory read for each multiply-add of q k^T and 3/4 of one for
 * p v, in the 16 KiB that every device has up to head dimension 128. Up to 64 a thread has registers for 12 rows, and reads less
 * for each multiply-add, where there are 22 KiB. Compiled for RDNA2 (24 November 2026, Mesa 22.3) both spill nothing, 89 % of vector
 * issues of the main loop are multiply-adds, and 0.98 and 0.99 bytes are read for each.
 */
export function wgslConfiguration(
  headDim: number,
  features: Pick<Features, 'software'>,
  limits: Pick<Limits, 'workgroupMemoryBytes'>,
): WgslConfiguration {
  if (features.software === true && headDim <= 128 && limits.workgroupMemoryBytes >= 24 * 1024)
    return SOFTWARE_CONFIGURATION;
  const common = { threadRows: 8, threadColumns: 8, keys: 8, chunk: 16, unroll: 2, weightParts: 2 } as const;
  // 16 keys of V in the 8 KiB that a chunk of q and k takes; 8 keys above head dimension 128.
  const rows = headDim <= 64 && limits.workgroupMemoryBytes >= 24 * 1024 ? 12 : 8;
  return { ...common, rows, rescale: 'always', values: 'after-softmax', valueKeys: headDim > 128 ? 8 : 16 };
}

/** Up to so many query rows (tokens times the query heads of a group) the tile of few rows is used. */
export const FEW_ROWS = 32;

/**
 * For decoding: a block of 8 to 32 rows, so that hardly any is wasted, and all 64 threads along the keys. 13 KiB of workgroup
 * memory at most.
 */
export function fewRowsConfiguration(rows: number): WgslConfiguration {
  const threadRows = [1, 2, 4].find((count) => count * 8 >= rows) ?? 4;
  return {
    threadRows,
    threadColumns: 64 / threadRows,
    rows: 8,
    keys: 4,
    chunk: 8,
    unroll: 2,
    weightParts: 2,
    rescale: 'always',
    values: 'after-softmax',
    valueKeys: 8,
  };
}
