/** The measured cases of a run as charts draw them and the fastest of a workload. */

import { summarize } from '../measure/series.ts';
import { sameProblem, type Workload } from '../problem/workload.ts';
import type { Measured, RunDocument } from '../record/measurement.ts';
import { namesOf } from '../record/measurement-names.ts';
import { tflopsOf } from '../record/rate.ts';

/** A measured case as a chart draws it. */
export interface LocalPoint {
  /** The kernel; if it ran in several places, with the place in brackets. */
  kernel: string;
  device: string;
  software: boolean;
  workload: Workload;
  /** TFLOPS: the rate that the record and its table have and its 95 % interval, or the spread where it has none. */
  tflops: number;
  low: number;
  high: number;
  measurement: Measured;
}

/** The measured cases of a run, in its order. */
export function localPoints(run: RunDocument): LocalPoint[] {
  const nameOf = namesOf(run.measurements, run.context);
  return run.measurements.flatMap((m): LocalPoint[] => {
    if (m.state !== 'measured') return [];
    const { minimum, maximum } = summarize(m.samples.map(tflopsOf));
    const device = m.device === null ? undefined : run.context.devices[m.device];
    return [
      {
        kernel: nameOf(m),
        device: device?.name ?? 'unknown device',
        software: device?.software ?? false,
        workload: m.workload,
        tflops: m.tflops.median,
        low: m.tflops.low ?? minimum,
        high: m.tflops.high ?? maximum,
        measurement: m,
      },
    ];
  });
}

/** What the lines through points here are: intervals, or for points of fewer than 3 processes their spread. */
export function linesHere(run: RunDocument): string {
  const points = run.measurements.filter((m) => m.state === 'measured' && m.samples.length > 1);
  const bare = points.filter((m) => m.state === 'measured' && m.tflops.low === undefined);
  if (bare.length === 0) return '95 % intervals here';
  return bare.length === points.length
    ? 'here the spread of samples, of too few processes for an interval'
    : '95 % intervals here, or the spread where processes are too few for one';
}

/** The fastest measurement of a workload; undefined if there is none. */
export function fastestAt(points: readonly LocalPoint[], workload: Workload): LocalPoint | undefined {
  return points
    .filter((point) => sameProblem(point.workload, workload))
    .reduce<LocalPoint | undefined>(
      (best, item) => (best === undefined || item.tflops > best.tflops ? item : best),
      undefined,
    );
}
