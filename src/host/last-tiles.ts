/** The end of a run of equal units: the last ones in parts, so that no thread waits long for another's. */

import type { Layout, Unit } from './layout.ts';

/** At most so many units are cut, and at most this share of all. */
const MOST_CUT = 32;
const CUT_SHARE = 1 / 8;

export interface Work {
  /** Pieces of work: whole units, then parts. */
  count: number;
  /** The rows of a piece; `rows` is 0 or less where a short unit ends before the part. */
  at(index: number): Unit;
}

/**
 * The units of a layout in their order, the last ones cut into parts of `partRows` rows: the longest that a thread waits for another
 * is a part, not a unit. Which ones are cut depends on the layout alone, since a kernel may decide how to compute by all rows
 * of a piece, and results are the same for any number of threads.
 */
export function cutTail(layout: Layout, blockRows: number, partRows: number): Work {
  const parts = Math.ceil(blockRows / partRows);
  const cut = Math.min(MOST_CUT, Math.floor(layout.units * CUT_SHARE));
  const whole = layout.units - cut;
  return {
    count: whole + cut * parts,
    at(index) {
      if (index < whole) return layout.unit(index);
      const unit = layout.unit(whole + Math.floor((index - whole) / parts));
      const skipped = ((index - whole) % parts) * partRows;
      return {
        ...unit,
        qOffset: unit.qOffset + skipped * layout.qStride,
        firstRow: unit.firstRow + skipped,
        rows: Math.min(partRows, unit.rows - skipped),
      };
    },
  };
}
