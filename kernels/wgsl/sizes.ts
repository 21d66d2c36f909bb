/** What follows from a tile of the WGSL kernel: blocks, threads, workgroup memory. */

import type { WgslConfiguration } from '../configurations.ts';

/** Sizes that follow from a tile. */
export function sizes(headDim: number, config: WgslConfiguration) {
  const blockRows = config.threadRows * config.rows;
  const blockKeys = config.threadColumns * config.keys;
  const threads = config.threadRows * config.threadColumns;
  /** vec4 columns of the output that one thread owns; where they do not divide evenly the surplus is computed and dropped. */
  const threadColumns = Math.ceil(headDim / 4 / config.threadColumns);
  const paddedColumns = threadColumns * config.threadColumns;
  /** Weights go through workgroup memory in `parts`, V in chunks of `valueKeys` keys. */
  const partKeys = blockKeys / config.weightParts;
  const stageVectors = Math.max((config.chunk * (blockRows + blockKeys)) / 4, config.valueKeys * paddedColumns);
  const weightVectors = Math.max((partKeys * blockRows) / 4, (config.threadColumns * blockRows) / 4);
  return { blockRows, blockKeys, threads, threadColumns, paddedColumns, partKeys, stageVectors, weightVectors };
}

/** Bytes of workgroup memory. */
export function workgroupBytes(headDim: number, config: WgslConfiguration): number {
  const { stageVectors, weightVectors } = sizes(headDim, config);
  return 16 * (stageVectors + weightVectors);
}
