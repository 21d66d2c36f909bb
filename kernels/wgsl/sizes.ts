/** What follows from a tile of the WGSL kernel: blocks, threads, workgroup memory. */

import type { WgslTile } from '../configurations.ts';

/** Sizes that follow from a tile. */
export function sizes(headDim: number, tile: WgslTile) {
  const blockRows = tile.threadRows * tile.rows;
  const blockKeys = tile.threadColumns * tile.keys;
  const threads = tile.threadRows * tile.threadColumns;
  /** vec4 columns of the output that one thread owns; where they do not divide evenly the surplus is computed and dropped. */
  const threadColumns = Math.ceil(headDim / 4 / tile.threadColumns);
  const paddedColumns = threadColumns * tile.threadColumns;
  /** Weights go through workgroup memory in `parts`, V in chunks of `valueKeys` keys. */
  const partKeys = blockKeys / tile.weightParts;
  const stageVectors = Math.max((tile.chunk * (blockRows + blockKeys)) / 4, tile.valueKeys * paddedColumns);
  const weightVectors = Math.max((partKeys * blockRows) / 4, (tile.threadColumns * blockRows) / 4);
  return { blockRows, blockKeys, threads, threadColumns, paddedColumns, partKeys, stageVectors, weightVectors };
}

/** Bytes of workgroup memory. */
export function workgroupBytes(headDim: number, tile: WgslTile): number {
  const { stageVectors, weightVectors } = sizes(headDim, tile);
  return 16 * (stageVectors + weightVectors);
}
