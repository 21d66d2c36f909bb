/** The keys that a slice needs: those that any of its query rows sees, so that work done once a key is done for no other. */

import { blockStarts, groupShare, type Slice, wholeSlice } from './slice.ts';
import { keyRange, type Workload } from './workload.ts';

/** A half-open range of keys. */
export interface KeyRun {
  first: number;
  end: number;
}

/**
 * The keys that any query row of the slice sees, ascending, in runs that begin and end at multiples of `multiple` and
 * do not touch. The last may end after the last key, by less than `multiple`.
 */
export function seenKeys(w: Workload, slice: Slice, multiple = 1): KeyRun[] {
  const runs: KeyRun[] = [];
  for (const start of blockStarts(slice)) {
    const lastRow = Math.min(start + slice.blockRows, w.seqQuery) - 1;
    // Ranges move on with the rows and overlap, so the first and the last row tell those of a block; a first row that
    // sees nothing is before the first key.
    const { low } = keyRange(w, start);
    const { high } = keyRange(w, lastRow);
    if (high <= low) continue;
    const first = Math.floor(low / multiple) * multiple;
    const end = Math.ceil(high / multiple) * multiple;
    const before = runs.at(-1);
    if (before !== undefined && first <= before.end) before.end = Math.max(before.end, end);
    else runs.push({ first, end });
  }
  return runs;
}

const count = (runs: readonly KeyRun[]) => runs.reduce((sum, { first, end }) => sum + end - first, 0);

/**
 * What to charge a slice of the one-off work that it does for the keys that it sees (packing them): the whole's work
 * times the share of the rows of a head that the slice runs, over the slice's own work.
 */
export function packingShare(w: Workload, slice: Slice): number {
  const own = count(seenKeys(w, slice));
  if (own === 0) return 0;
  return groupShare(w, slice) * (count(seenKeys(w, wholeSlice(w, slice.blockRows))) / own);
}
