/** What a kernel does in a burst and what it sustains, with the clock of a core in both, from the record of a run without a pause. */

import { median } from 'simple-statistics';
import { summarize } from '../measure/series.ts';
import { BURST_SECONDS } from '../measure/sustain.ts';
import type { Measured, RunDocument, Sustained } from '../record/measurement.ts';
import { namesOf } from '../record/measurement-names.ts';

/** A kernel at a workload that ran without a pause. */
export interface SustainedCase {
  /** The kernel; if it ran in several places, with the place in brackets. */
  kernel: string;
  measurement: Measured;
  run: Sustained;
  /** Sustained over burst. */
  share: number;
  /** Hz, the highest of the first second and the median of the second half; null where the clock was not read in both. */
  clock: { burst: number; sustained: number } | null;
}

/** All of them, in the order of the run. */
export function sustainedCases(run: RunDocument): SustainedCase[] {
  const nameOf = namesOf(run.measurements, run.context);
  return run.measurements.flatMap((m): SustainedCase[] => {
    if (m.state !== 'measured' || m.sustained === undefined) return [];
    const { burst, sustained } = m.sustained;
    return [
      { kernel: nameOf(m), measurement: m, run: m.sustained, share: sustained / burst, clock: clockOf(m.sustained) },
    ];
  });
}

function clockOf({ seconds, clocks = [] }: Sustained): SustainedCase['clock'] {
  const late = clocks.filter(({ at }) => at >= seconds / 2).map(({ hertz }) => hertz);
  // A core that has rested takes a moment to reach its clock, so the highest of the first second counts.
  const early = clocks.filter(({ at }, index) => index === 0 || at <= BURST_SECONDS).map(({ hertz }) => hertz);
  return early.length === 0 || late.length === 0 ? null : { burst: summarize(early).maximum, sustained: median(late) };
}
