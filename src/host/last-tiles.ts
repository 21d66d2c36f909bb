/** The end of a run of equal units: the last ones in parts, so that no thread waits long for another's. */

import type { TensorLayout, WorkTile } from './tensor-layout.ts';

/** At most so many units are cut, and at most this share of all. */
const MOST_CUT = 32;
const CUT_SHARE = 1 / 8;

export interface Work {
  /** Pieces of work: whole units, then parts. */
  count: number;
  /** The rows of a piece; `rows` is 0 or less where a short unit ends before the part. */
  at(index: number): WorkTile;
}

/**
 * The units of a layout in their order, the last ones cut into parts of `splitRows` rows: the longest that a thread waits for another
 * is a part, not a unit. Which ones are cut depends on the layout alone, since a kernel may decide how to compute by all rows
 * of a piece, and results are the same for any number of threads.
 */
export function splitLastTiles(layout: TensorLayout, blockRows: number, splitRows: number): Work {
  const parts = Math.ceil(blockRows / splitRows);
  const cut = Math.min(MOST_CUT, Math.floor(layout.tiles * CUT_SHARE));
  const whole = layout.tiles - cut;
  return {
    count: whole + cut * parts,
    at(index) {
      if (index < whole) return layout.tile(index);
      const tile = layout.tile(whole + Math.floor((index - whole) / parts));
      const skipped = ((index - whole) % parts) * splitRows;
      return {
        ...tile,
        qOffset: tile.qOffset + skipped * layout.qStride,
        firstRow: tile.firstRow + skipped,
        rows: Math.min(splitRows, tile.rows - skipped),
      };
    },
  };
}
