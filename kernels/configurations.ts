/** Shipped configurations of the WGSL kernels: device family x head dimension, each with the device and date of its tuning and the reason. */

import type { DeviceProfile, SubgroupMatrixShape } from './device.ts';
import { type WgslConfiguration, workgroupBytes } from './wgsl/configuration.ts';
import type { MatrixConfiguration } from './wgsl/matrix-configuration.ts';
import { floatsOfThread, floatsThatFit, hasFewRegisters } from './wgsl/registers.ts';
import type { RowDims } from './wgsl/row-dims.ts';

// WGSL

const KIB = 1024;

/**
 * A GPU with 256 registers a thread: 64 threads with 8 x 8 scores each, one float of workgroup memory read for each multiply-add of
 * q k^T and 3/4 of one for p v. In the 16 KiB that every device has.
 */
const GPU: WgslConfiguration = {
  ...{ threadRows: 8, threadColumns: 8, rows: 8, keys: 8 },
  // 16 keys of V lie in the 8 KiB that a chunk of q and k takes.
  ...{ chunk: 16, valueKeys: 16, unroll: 4, weightParts: 2 },
  ...{ rescale: 'always', values: 'after-softmax', layout: 'swizzled' },
};

/** The same with twice the threads along the rows. */
const TALL: WgslConfiguration = { ...GPU, threadRows: 16 };

/** The same with twice the threads along the keys, each with half the columns of a wide output: 192 floats a thread again. */
const WIDE: WgslConfiguration = { ...GPU, threadColumns: 16, valueKeys: 8, weightParts: 4 };

/** The same with 256 threads, four times as many along the keys, for the widest output: 192 floats a thread again, in 28 KiB. */
const WIDEST: WgslConfiguration = { ...GPU, threadColumns: 32, valueKeys: 8, weightParts: 8 };
/** Half of its threads, with half the rows, and half as much staged at a time: 13 KiB. */
const WIDEST_IN_16_KIB: WgslConfiguration = { ...WIDEST, threadRows: 4, chunk: 8, valueKeys: 4 };

/** A GPU with fewer registers: 48 floats of scores and output a thread at head dimension 128, 80 at 256. More keys of V would spill. */
const SMALL: WgslConfiguration = { ...GPU, threadColumns: 16, rows: 4, keys: 4, valueKeys: 4, weightParts: 4 };

/** The same for the widest output: four times the threads along the keys. */
const SMALL_WIDEST: WgslConfiguration = { ...SMALL, threadRows: 4, threadColumns: 64, chunk: 8 };

/**
 * An adapter that a CPU emulates: no registers to run out of, every access to memory costs several instructions, and a barrier
 * switches between groups of threads; so few threads, each with much to do.
 */
const SOFTWARE: WgslConfiguration = {
  ...{ threadRows: 2, threadColumns: 4, rows: 16, keys: 16 },
  ...{ chunk: 16, valueKeys: 16, unroll: 2, weightParts: 1 },
  ...{ rescale: 'always', values: 'after-softmax', layout: 'plain' },
};

interface WgslRow {
  /** 'software', a vendor as WebGPU names it, or any device. */
  family: 'software' | 'apple' | 'intel' | 'nvidia' | 'any';
  /** The largest head dimension of v: it decides how much of the output a thread holds. */
  headDimV: number;
  /** The least workgroup memory of the device. */
  workgroupBytes: number;
  config: WgslConfiguration;
}

/**
 * The shipped configurations of wgsl-flash; the first row that a device and a head dimension fit is taken.
 *
 * Evidence for all but the software adapter: compiled for AMD's RDNA2 and RDNA3 (navi21, navi31; Mesa 25.0, f32 and f16, 26 November 2026),
 * nothing spilled; in what is said of a row, shares are those of multiply-adds among vector issues, and bytes those read for each.
 * None has ever run on a GPU. Those for Apple and Intel spill nothing in 128 registers; that these vendors' GPUs have no more is a
 * guess (wgsl/registers.ts).
 */
const WGSL_TABLE: readonly WgslRow[] = [
  // SwiftShader on an AMD EPYC, 24 November 2026: 1.15 to 1.42 times as fast as the GPU's at head dimensions 64 and 128, 512 and
  // 1k keys, in six interleaved runs.
  { family: 'software', headDimV: 128, workgroupBytes: 24 * KIB, config: SOFTWARE },

  // 64 floats.
  { family: 'apple', headDimV: 64, workgroupBytes: 0, config: { ...SMALL, rows: 8, weightParts: 2 } },
  // 64 floats up to head dimension 128, 80 up to 192.
  { family: 'apple', headDimV: 192, workgroupBytes: 0, config: { ...SMALL, keys: 8 } },
  // 80 floats.
  { family: 'apple', headDimV: 256, workgroupBytes: 0, config: SMALL },
  // 80 floats; 64 above 512.
  { family: 'apple', headDimV: 512, workgroupBytes: 0, config: { ...SMALL, threadColumns: 32 } },
  { family: 'apple', headDimV: 576, workgroupBytes: 0, config: SMALL_WIDEST },

  // 48 floats at head dimensions 64, 128 and 256.
  { family: 'intel', headDimV: 64, workgroupBytes: 0, config: { ...SMALL, threadColumns: 8 } },
  { family: 'intel', headDimV: 128, workgroupBytes: 0, config: SMALL },
  { family: 'intel', headDimV: 256, workgroupBytes: 0, config: { ...SMALL, threadRows: 4, threadColumns: 32 } },
  // 48 floats up to head dimension 512, 64 above.
  { family: 'intel', headDimV: 576, workgroupBytes: 0, config: SMALL_WIDEST },

  // 128 threads: two such workgroups have room where four of 64 have, and stage k and v half as often for a row; 240 registers leave no
  // room for more (arithmetic). 89 and 91 %, 0.99 bytes. 64 threads stay for AMD, where they are one wave and need no barriers;
  // 256 (16 x 16, 32 x 8), which have room once, are candidates of bench tune.
  { family: 'nvidia', headDimV: 64, workgroupBytes: 32 * KIB, config: { ...TALL, rows: 12, chunk: 8 } },
  { family: 'nvidia', headDimV: 128, workgroupBytes: 28 * KIB, config: TALL },

  // 89 %, 0.98 bytes. A thread has registers for 12 rows, and reads less for each multiply-add.
  { family: 'any', headDimV: 64, workgroupBytes: 24 * KIB, config: { ...GPU, rows: 12 } },
  // 91 %, 1.00 bytes.
  { family: 'any', headDimV: 128, workgroupBytes: 0, config: GPU },
  // 91 %, 1.02 bytes.
  { family: 'any', headDimV: 256, workgroupBytes: 20 * KIB, config: WIDE },
  // 88 %, 1.08 bytes: half the dims at a time, for 16 KiB.
  { family: 'any', headDimV: 256, workgroupBytes: 0, config: { ...WIDE, chunk: 8 } },

  // 92 %, 1.01 bytes.
  { family: 'any', headDimV: 512, workgroupBytes: 28 * KIB, config: WIDEST },
  { family: 'any', headDimV: 512, workgroupBytes: 0, config: WIDEST_IN_16_KIB },
  // Half the keys a thread: its columns leave no more registers.
  { family: 'any', headDimV: 576, workgroupBytes: 28 * KIB, config: { ...WIDEST, keys: 4, weightParts: 4 } },
  { family: 'any', headDimV: 576, workgroupBytes: 0, config: { ...WIDEST_IN_16_KIB, keys: 4, weightParts: 4 } },
];

/** Chunks of 16 dims would end in 8 or more of zeros: then they are of 8. */
const fittingChunk = (headDim: number, chunk: number) =>
  headDim % 16 >= 1 && headDim % 16 <= 8 ? Math.min(chunk, 8) : chunk;

/** The shipped configuration of wgsl-flash for blocks of query rows; head dimensions above the table's last have that one's. */
export function wgslConfiguration(dims: RowDims, { limits, features }: DeviceProfile): WgslConfiguration {
  const families = ['any', features.software === true ? 'software' : features.vendor];
  const fitting = WGSL_TABLE.find(
    (row) =>
      families.includes(row.family) &&
      dims.headDimV <= row.headDimV &&
      limits.workgroupMemoryBytes >= row.workgroupBytes,
  );
  const config = fitting?.config ?? { ...WIDEST_IN_16_KIB, keys: 4, weightParts: 4 };
  return { ...config, chunk: fittingChunk(dims.headDim, config.chunk) };
}

/** Up to so many query rows (tokens times the query heads of a group) the configuration of few rows is used. */
export const FEW_ROWS = 32;

/**
 * For decoding: a block of 8 to 32 rows, so that hardly any is wasted, and 64 threads along the keys, in 13 KiB at most. With few registers
 * a thread takes 4 rows. As many threads share the columns of the output as its registers ask for; where 256 are too few, or their V takes
 * more than 16 KiB, the configuration of blocks is used.
 */
export function fewRowsConfiguration(rows: number, dims: RowDims, device: DeviceProfile): WgslConfiguration {
  const { vendor } = device.features;
  const { headDimV } = dims;
  const few = hasFewRegisters(vendor);
  const own = few ? 4 : 8;
  const threadRows = [1, 2, 4].find((count) => count * own >= rows) ?? FEW_ROWS / own;
  const withThreads = (threads: number): WgslConfiguration => ({
    ...{ threadRows, threadColumns: threads / threadRows, rows: own, keys: 4, chunk: 8, unroll: 4 },
    // More threads have more keys a block: above head dimension 256, where V takes the memory, their weights go through it in more parts.
    valueKeys: few || headDimV > 256 ? 4 : 8,
    weightParts: (few && threadRows > 1 ? 4 : 2) * (headDimV > 256 ? threads / 64 : 1),
    ...{ rescale: 'always', values: 'after-softmax', layout: 'swizzled' },
  });
  const fits = (config: WgslConfiguration) =>
    floatsOfThread(headDimV, config) <= floatsThatFit(vendor) && workgroupBytes(headDimV, config) <= 16 * KIB;
  return [64, 128, 256].map(withThreads).find(fits) ?? wgslConfiguration(dims, device);
}

// Subgroup matrices

interface MatrixRow {
  /** A vendor as WebGPU names it; any where it is left out. */
  vendor?: 'apple' | 'intel';
  /** What the matrices hold; either where it is left out. */
  component?: SubgroupMatrixShape['component'];
  /** Lanes of a subgroup, at least. */
  lanes: number;
  /** The largest head dimension. */
  headDim: number;
  config: MatrixConfiguration;
}

const FOUR: MatrixConfiguration = {
  ...{ subgroups: 4, team: 1, rows: 16, keys: 32 },
  ...({ k: 'staged', v: 'staged', q: 'registers', loads: 'q-first', padding: 'vector' } as const),
};

/** The same with less to move between registers at head dimensions 64 and 256 of AMD's: docs/wgsl-attention.md. */
const K_FIRST: MatrixConfiguration = { ...FOUR, q: 'workgroup', loads: 'k-first' };

/** A workgroup that is a team, for few registers: one subgroup loads each matrix of K and of V, so a copy of them would serve nobody. */
const teamOf = (team: number, rows: number, keys: number): MatrixConfiguration => ({
  ...{ subgroups: team, team, rows, keys },
  ...({ k: 'direct', v: 'direct', q: 'workgroup', loads: 'q-first', padding: 'vector' } as const),
});

/**
 * The shipped configurations of wgsl-matrix; the first row that a device and a head dimension fit is taken, smaller in some field where it
 * cannot be built (wgsl/matrix-plan.ts). None was measured on a GPU; those not for AMD were not compiled for one either.
 */
const MATRIX_TABLE: readonly MatrixRow[] = [
  // 48 floats of S and O a lane at head dimension 64, 80 at 128; 24 KiB of workgroup memory.
  { vendor: 'apple', lanes: 1, headDim: 128, config: teamOf(2, 32, 32) },
  // 40 at 256, in 25 KiB.
  { vendor: 'apple', lanes: 1, headDim: 256, config: teamOf(4, 16, 64) },
  // 48 at head dimensions 64, 128 and 256 in subgroups of 16.
  { vendor: 'intel', lanes: 1, headDim: 64, config: teamOf(2, 16, 32) },
  { vendor: 'intel', lanes: 1, headDim: 128, config: teamOf(4, 16, 64) },
  { vendor: 'intel', lanes: 1, headDim: 256, config: teamOf(8, 16, 128) },
  // AMD. Compiled for RDNA3 (navi31) by Mesa 25.0: docs/wgsl-attention.md has the counts.
  { component: 'f16', lanes: 64, headDim: 64, config: { ...K_FIRST, subgroups: 2, rows: 64 } },
  { component: 'f16', lanes: 64, headDim: 128, config: { ...FOUR, subgroups: 2, rows: 32, q: 'workgroup' } },
  { component: 'f16', lanes: 64, headDim: 256, config: { ...K_FIRST, keys: 16 } },
  // NVIDIA: a lane holds the q of a row block in 32 registers up to head dimension 128.
  { component: 'f16', lanes: 16, headDim: 128, config: FOUR },
  { component: 'f16', lanes: 16, headDim: 256, config: { ...FOUR, subgroups: 2, q: 'workgroup' } },
  // A CPU that emulates a GPU with narrow subgroups: workgroup memory is memory.
  { component: 'f16', lanes: 1, headDim: 256, config: { ...FOUR, rows: 8, subgroups: 2, k: 'direct', q: 'workgroup' } },
  // A GPU that does not say its vendor.
  { component: 'f32', lanes: 1, headDim: 256, config: FOUR },
];

/** The shipped configuration of wgsl-matrix on matrices of a component and subgroups of so many lanes; undefined where none fits. */
export function matrixConfiguration(
  headDim: number,
  component: SubgroupMatrixShape['component'],
  lanes: number,
  vendor: string | undefined,
): MatrixConfiguration | undefined {
  const fitting = MATRIX_TABLE.find(
    (row) =>
      (row.vendor ?? vendor) === vendor &&
      (row.component ?? component) === component &&
      lanes >= row.lanes &&
      headDim <= row.headDim,
  );
  return fitting?.config;
}
