/** How published figures were timed: in bursts, from rest, or not known. A device that runs for seconds lowers its clock. */

import rows from '../../results/published/timing.json' with { type: 'json' };
import type { Published } from '../record/measurement.ts';

/** How the figures of a source were timed. */
export interface PublishedTiming {
  /** Passes of some milliseconds from rest; false where that is not known. */
  burst: boolean;
  how: string;
  /** Where that stands. */
  from: string;
}

/** How a figure was timed; null where its source does not tell. */
export function timingOf({ source }: Published): PublishedTiming | null {
  return rows.find(({ sources }) => sources.split('|').some((prefix) => source.startsWith(prefix))) ?? null;
}

/** Whether a figure is of passes of some milliseconds from rest. */
export const isBurst = (figure: Published): boolean => timingOf(figure)?.burst ?? false;
