/** The last work tiles of a run in parts, so that at its end no thread waits long for another. */

import type { TensorLayout, WorkTile } from './tensor-layout.ts';

/** At most so many work tiles are split, and at most this share of all. */
const MOST_SPLIT = 32;
const SPLIT_SHARE = 1 / 8;

/** What threads take one by one: whole work tiles, then parts of the last ones. */
export interface WorkPieces {
  count: number;
  /** The rows of a piece; `rows` is 0 or less where a short tile ends before the part. */
  at(index: number): WorkTile;
}

/**
 * The work tiles of a layout in their order, the last ones split into parts of `splitRows` rows: the longest that a
 * thread waits for another is a part, not a tile. Which ones are split depends on the layout alone: a kernel may decide
 * how to compute by all rows of a piece, and results must be the same for any number of threads.
 */
export function splitLastTiles(layout: TensorLayout, blockRows: number, splitRows: number): WorkPieces {
  const parts = Math.ceil(blockRows / splitRows);
  const split = Math.min(MOST_SPLIT, Math.floor(layout.tiles * SPLIT_SHARE));
  const whole = layout.tiles - split;
  return {
    count: whole + split * parts,
    at(index) {
      if (index < whole) return layout.tile(index);
      const tile = layout.tile(whole + Math.floor((index - whole) / parts));
      const skipped = ((index - whole) % parts) * splitRows;
      return {
        ...tile,
        qOffset: tile.qOffset + skipped * layout.qStride,
        oOffset: tile.oOffset + skipped * layout.oStride,
        firstRow: tile.firstRow + skipped,
        rows: Math.min(splitRows, tile.rows - skipped),
      };
    },
  };
}
