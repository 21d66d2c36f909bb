/** The configuration of the WGSL flash kernel, and what follows from it: blocks, threads, workgroup memory. */

import { z } from 'zod';
import { count } from '../tunable.ts';
import { columnsOf } from './row-dims.ts';

export const wgslConfigurationSchema = z.strictObject({
  /** Threads along the query rows. */
  threadRows: count,
  /** Threads along the keys and the output columns. */
  threadColumns: count,
  /** Query rows that one thread owns, in fours, a multiple of 4. */
  rows: count,
  /** Keys of a block that one thread owns, in fours, a multiple of 4. */
  keys: count,
  /** Head dimensions of q and k staged in workgroup memory at a time; the last of them may be zeros past a row's end. */
  chunk: count,
  /** Keys of V staged at a time. */
  valueKeys: count,
  /** Steps of both products' loops written out: fewer additions of addresses, more code; divides chunk and valueKeys. */
  unroll: count,
  /** Parts in which the weights pass through workgroup memory; divides threadColumns. */
  weightParts: count,
  /** Sums multiplied by the rescale factor always, or only where it is not 1 for every row of the thread. */
  rescale: z.enum(['always', 'branch']),
  /** The first rows of V staged after the softmax, or before it, while workgroup memory is free. */
  values: z.enum(['after-softmax', 'before-softmax']),
  /** Fours of rows and keys in workgroup memory in their order, or changing places so that neighbouring threads meet in no bank. */
  layout: z.enum(['plain', 'swizzled']),
});

export type WgslConfiguration = z.infer<typeof wgslConfigurationSchema>;

/** Sizes that follow from a configuration and the head dimension of v: block and part in rows and keys, workgroup arrays in vec4s. */
export function sizes(headDimV: number, config: WgslConfiguration) {
  const blockRows = config.threadRows * config.rows;
  const blockKeys = config.threadColumns * config.keys;
  const threads = config.threadRows * config.threadColumns;
  /** vec4 columns of the output that one thread owns; where they do not divide evenly the surplus is computed and dropped. */
  const threadColumns = Math.ceil(columnsOf(headDimV) / config.threadColumns);
  const paddedColumns = threadColumns * config.threadColumns;
  /** Weights go through workgroup memory in `weightParts` parts, V in chunks of `valueKeys` keys. */
  const partKeys = blockKeys / config.weightParts;
  const stageVectors = Math.max((config.chunk * (blockRows + blockKeys)) / 4, config.valueKeys * paddedColumns);
  const weightVectors = Math.max((partKeys * blockRows) / 4, (config.threadColumns * blockRows) / 4);
  return { blockRows, blockKeys, threads, threadColumns, paddedColumns, partKeys, stageVectors, weightVectors };
}

/** Bytes of workgroup memory that a configuration takes at a head dimension of v. */
export function workgroupBytes(headDimV: number, config: WgslConfiguration): number {
  const { stageVectors, weightVectors } = sizes(headDimV, config);
  return 16 * (stageVectors + weightVectors);
}
