/** From the samples of a point to its rate, its interval and what decisions rest on. docs/reliability.md has their calibration. */

import { mean, medianSorted, sampleStandardDeviation } from 'simple-statistics';
import { boundPairs, boundSeries, type Summary, summarize } from './series.ts';

/** Processes from which their medians give an interval; with fewer, what varies between processes is not known. */
export const MIN_PROCESSES = 3;

/** A value and the process that it was measured in; absent: the first. */
export interface ProcessValue {
  value: number;
  process?: number | undefined;
}

/** A timed sample as records keep it. */
export interface PointSample {
  seconds: number;
  flops: number;
  clock: 'gpu-timestamp' | 'wall' | 'mock';
  process?: number | undefined;
}

/** The bounds of a summary as records keep them: both, or neither. */
export function boundsOf({ low, high }: Summary): { low?: number; high?: number } {
  return low === null || high === null ? {} : { low, high };
}

/**
 * Values of several processes: the geometric mean of their medians with its 95 % interval, that of Student's t on the
 * logarithms of these medians, which holds whatever varies between processes and is free of correlation within them (Kalibera
 * and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013: repeat at the highest level that varies). Of fewer than 3
 * processes the median of all values, without an interval.
 */
export function summarizeProcesses(samples: readonly ProcessValue[]): Summary {
  return overProcesses(samples, (values) => ({ ...summarize(values), low: null, high: null }));
}

/** The same, but fewer than 3 processes have the bounds of `ofOne`, in which nothing varies between processes. */
function overProcesses(samples: readonly ProcessValue[], ofOne: (values: readonly number[]) => Summary): Summary {
  const all = ofOne(samples.map(({ value }) => value));
  const medians = [...byProcess(samples).values()].map((values) =>
    Math.log(medianSorted(values.sort((a, b) => a - b))),
  );
  if (medians.length < MIN_PROCESSES) return all;
  const half = (studentQuantile(medians.length - 1) * sampleStandardDeviation(medians)) / Math.sqrt(medians.length);
  const middle = mean(medians);
  return { ...all, median: Math.exp(middle), low: Math.exp(middle - half), high: Math.exp(middle + half) };
}

const ratesOf = (samples: readonly PointSample[]) =>
  samples.map(({ flops, seconds, process }) => ({ value: flops / seconds, process }));

/** Whether a clock is simulated: then nothing varies between processes, and one has an interval. */
export const isSimulated = (samples: readonly Pick<PointSample, 'clock'>[]) => samples[0]?.clock === 'mock';

/** The rate of a point in FLOP/s over all its processes, with its interval from 3 of them on. */
export function summarizeRates(samples: readonly PointSample[]): Summary {
  return isSimulated(samples) ? overProcesses(ratesOf(samples), boundSeries) : summarizeProcesses(ratesOf(samples));
}

/** Paired ratios of rounds, with their interval from 3 processes on. */
export function summarizePairs(ratios: readonly ProcessValue[], simulated: boolean): Summary {
  return simulated ? decidePairs(ratios) : summarizeProcesses(ratios);
}

/**
 * Bounds of paired ratios for a decision within a run, such as which of two configurations a search keeps: the interval where
 * there are 3 processes, else bounds that leave out what varies between processes.
 */
export function decidePairs(ratios: readonly ProcessValue[]): Summary {
  return overProcesses(ratios, boundPairs);
}

/** The same of the rate of a point, for the decision to stop. */
export function decideStop(samples: readonly PointSample[]): Summary {
  return overProcesses(ratesOf(samples), boundSeries);
}

/** Standard deviation of a kernel's rate from one process to the next that is assumed where a run has too few to measure it. */
export const PROCESS_DEVIATION = 0.01;

/**
 * Bounds of the rate of a point for a verdict on two runs. Of fewer than 3 processes they are those of the samples, widened by the
 * assumed variation between processes, as independent errors add; a simulated clock has none.
 */
export function decideRates(samples: readonly PointSample[]): Summary {
  const found = decideStop(samples);
  return holdsProcesses(samples) ? found : widened(found);
}

/** Whether bounds of these samples hold what varies between processes; with a simulated clock nothing does. */
export function holdsProcesses(samples: readonly Pick<PointSample, 'clock' | 'process'>[]): boolean {
  return processesOf(samples) >= MIN_PROCESSES || isSimulated(samples);
}

/** How many processes samples are of. */
export const processesOf = (samples: readonly Pick<PointSample, 'process'>[]) =>
  new Set(samples.map(({ process = 0 }) => process)).size;

/** Bounds of one process, widened by what is assumed to vary between processes. */
export function widened<T extends Pick<Summary, 'median' | 'low' | 'high'>>(found: T): T {
  const { median, low, high } = found;
  if (low === null || high === null) return found;
  const between = 1.959964 * PROCESS_DEVIATION;
  return {
    ...found,
    low: median * Math.exp(-Math.hypot(Math.log(median / low), between)),
    high: median * Math.exp(Math.hypot(Math.log(high / median), between)),
  };
}

function byProcess(samples: readonly ProcessValue[]): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  for (const { value, process = 0 } of samples) {
    const group = groups.get(process);
    if (group === undefined) groups.set(process, [value]);
    else group.push(value);
  }
  return groups;
}

/**
 * The 97.5 % point of Student's t: exact for 2 degrees of freedom, (2 p - 1) sqrt(2 / (4 p (1 - p))), and within 0.1 % from 3 on
 * (Abramowitz and Stegun, formula 26.7.5). Throws a RangeError for fewer.
 */
export function studentQuantile(degrees: number): number {
  if (degrees < 2) throw new RangeError(`${degrees} degrees of freedom are too few`);
  if (degrees === 2) return 0.95 * Math.sqrt(2 / (4 * 0.975 * 0.025));
  const z = 1.959964;
  return (
    z +
    (z ** 3 + z) / 4 / degrees +
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96 / degrees ** 2 +
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384 / degrees ** 3 +
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92160 / degrees ** 4
  );
}

/** A case has settled when half its interval is this small, relative to the middle. */
export const SETTLED = 0.02;

/** Half the width of an interval over the median; Infinity where there is none. */
export function relativeHalfWidth({ median, low, high }: Pick<Summary, 'median' | 'low' | 'high'>): number {
  return low === null || high === null ? Number.POSITIVE_INFINITY : (high - low) / 2 / median;
}
