/** The end of a run of equal units: the last ones, one a thread, in parts, so that no thread waits long for another's. */

import type { Layout, Unit } from './layout.ts';

export interface Work {
  /** Pieces of work: whole units, then parts. */
  count: number;
  /** The rows of a piece; `rows` is 0 or less where a short unit ends before the part. */
  at(index: number): Unit;
}

/**
 * The units of a layout in their order, the last `threads` of them cut into parts of `partRows` rows (none for one thread). While a thread works on its
 * last whole unit the others share what is left; the longest that one waits is a part, not a unit.
 */
export function cutTail(layout: Layout, blockRows: number, partRows: number, threads: number): Work {
  const parts = Math.ceil(blockRows / partRows);
  const whole = threads === 1 ? layout.units : Math.max(0, layout.units - threads);
  return {
    count: whole + (layout.units - whole) * parts,
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
