/** Where the program for few rows keeps its rows: byte offsets in a thread's scratch and in the partial result of a part. */

import type { WasmConfiguration } from './configuration.ts';
import { statisticsLayout } from './scratch.ts';

/** The query rows of a KV head: `tokens` of each of `group` query heads, ordered [query head][token]. */
export interface FewRows {
  headDim: number;
  tokens: number;
  group: number;
}

/** Keys of one step of the online softmax: their K and V stay in the first-level cache. */
export const STEP_KEYS = 64;

/** Rows that a product takes at a time, and all rows, padded to whole ones; above 8 to whole vectors, as the softmax wants. */
export function rowsOf({ tokens, group }: FewRows): { tile: number; rows: number; padded: number } {
  const rows = tokens * group;
  const tile = Math.min(2, rows);
  return { tile, rows, padded: roundUp(rows, rows > 8 ? 4 : tile) };
}

const roundUp = (value: number, multiple: number) => Math.ceil(value / multiple) * multiple;

/** The rows as the softmax of wasm-flash takes them: one group of all. */
export function softmaxTile(shape: FewRows): WasmConfiguration {
  const { padded } = rowsOf(shape);
  return {
    ...{ rows: padded, vectors: 4, blockRows: padded, blockKeys: STEP_KEYS, unroll: 4 },
    ...{ rescale: 'branch', order: 'groups', maxima: 'always', values: 'rows' },
  };
}

/** Scratch of a thread: scaled q, then scores; a partial result: output sums, then the statistics of the softmax. */
export function fewRowsLayout(shape: FewRows) {
  const { padded } = rowsOf(shape);
  const rowsBytes = padded * shape.headDim * 4;
  return {
    scores: rowsBytes,
    scratchBytes: rowsBytes + padded * STEP_KEYS * 4,
    stats: rowsBytes,
    partialBytes: rowsBytes + statisticsLayout(softmaxTile(shape)).bytes,
  };
}
