/** Where a thread keeps the state of its work tile: byte offsets in its private memory. */

import type { WasmConfiguration } from './configuration.ts';
import type { WasmDims } from './dims.ts';

/** Scaled q, output sums, scores, then the statistics of the rows. */
export interface ScratchLayout {
  /** [blockRows][paddedQ], zeros past the head dimension: nothing is written there, and memory begins as zeros. */
  q: number;
  /** [blockRows][paddedV] */
  sums: number;
  /** [rows][blockKeys] of one row group, which stays in the first-level cache; in order 'phases' of all of them. */
  scores: number;
  stats: number;
  bytes: number;
}

/** The layout of one thread's private memory, bytes. */
export function scratchLayout({ paddedQ, paddedV }: WasmDims, config: WasmConfiguration): ScratchLayout {
  const q = 0;
  const sums = q + config.blockRows * paddedQ * 4;
  const scores = sums + config.blockRows * paddedV * 4;
  const stats = scores + (config.order === 'groups' ? config.rows : config.blockRows) * config.blockKeys * 4;
  return { q, sums, scores, stats, bytes: stats + statisticsLayout(config).bytes };
}

/** Two vectors: the partial maxima or sums of a row, packed as one by the revectoriser. */
export const PARTIAL_BYTES = 32;

/**
 * Offsets in the block of statistics. m, the rescale factor and the shift have a lane a row, `groupBytes` a row group.
 */
export interface StatisticsLayout {
  groupBytes: number;
  /** m, the largest score that a row has met. */
  maximum: number;
  /** What the sums before this block are multiplied by. */
  rescale: number;
  /** What the exponents of this block are shifted by: see baseTwo in exponentials.ts. */
  shift: number;
  /** l, the sums of the weights: two vectors a row, added up at the end. */
  rowSums: number;
  /** The maxima of this block: two vectors for each row of one group, which all groups share. */
  blockMaxima: number;
  bytes: number;
}

/** The layout of the statistics, bytes from their beginning. */
export function statisticsLayout(config: WasmConfiguration): StatisticsLayout {
  const lanes = Math.ceil(config.rows / 4) * 4;
  const blockBytes = (config.blockRows / config.rows) * lanes * 4;
  const rowSums = 3 * blockBytes;
  const blockMaxima = rowSums + config.blockRows * PARTIAL_BYTES;
  return {
    groupBytes: lanes * 4,
    maximum: 0,
    rescale: blockBytes,
    shift: 2 * blockBytes,
    rowSums,
    blockMaxima,
    bytes: blockMaxima + config.rows * PARTIAL_BYTES,
  };
}
