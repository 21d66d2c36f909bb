/** From samples to a median, an interval and a spread; pure functions. docs/reliability.md has their calibration. */

import { mean, medianSorted, sampleStandardDeviation } from 'simple-statistics';

/** A median with what surrounds it. */
export interface Summary {
  median: number;
  minimum: number;
  maximum: number;
  /** Bounds of the 95 % interval of the median; null where there are too few effective samples. */
  low: number | null;
  high: number | null;
}

/** With 5 samples even their whole range holds the median with less than 95 % probability (1 - 2 / 2^5). */
export const MIN_FOR_INTERVAL = 6;

/** Processes from which their medians alone give an interval; below them what varies between processes is not known. */
export const MIN_PROCESSES = 4;

/**
 * Median and its 95 % interval from order statistics: the number of samples below the true median is binomial(n, 1/2),
 * so ranks k and n + 1 - k bound it with probability 1 - 2 P(X < k) (David and Nagaraja, Order Statistics, section 7.1). It
 * takes the values as independent.
 */
export function summarize(values: readonly number[]): Summary {
  return summarizeBy(values, intervalRank(values.length));
}

/**
 * The same for values in time order that may be alike, as rates on a shared machine are: the bounds are those of the effective
 * number of samples, between two ranks where they fall there (Hettmansperger and Sheather, Statistics and Probability Letters
 * 4, 1986), so that they are no wider than 95 % need.
 */
export function summarizeSeries(values: readonly number[]): Summary {
  return summarizeBy(values, effectiveRank(values));
}

/** Rounds from which the autocorrelation of paired ratios counts: in fewer its error is as large as what it would tell. */
const MIN_FOR_AUTOCORRELATION = 15;

/**
 * The same for paired ratios of one process in time order. What both sides share cancels in them, so fewer than 15 count as
 * independent; from there on as many as they are worth by the same estimate, and none where that is fewer than 6.
 */
export function summarizePaired(values: readonly number[]): Summary {
  if (values.length < MIN_FOR_AUTOCORRELATION) return summarize(values);
  return summarizeBy(values, effectiveRank(values, Z_WIDENED));
}

function summarizeBy(values: readonly number[], rank: number): Summary {
  if (values.length === 0) throw new RangeError('no samples to summarize');
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  return {
    median: medianSorted(sorted),
    minimum: sorted[0] as number,
    maximum: sorted[n - 1] as number,
    low: rank === 0 ? null : valueAt(sorted, rank),
    high: rank === 0 ? null : valueAt(sorted, n + 1 - rank),
  };
}

/** The value at a rank from 1, on the line between its neighbours where it is no whole number. */
function valueAt(sorted: readonly number[], rank: number): number {
  const below = sorted[Math.floor(rank) - 1] as number;
  return below + (rank % 1) * ((sorted[Math.ceil(rank) - 1] as number) - below);
}

/** The bounds of a summary as records keep them: both, or neither. */
export function boundsOf({ low, high }: Summary): { low?: number; high?: number } {
  return low === null || high === null ? {} : { low, high };
}

/** The largest rank k with 2 P(binomial(n, 1/2) < k) <= 5 %; 0 where there is none. */
export function intervalRank(n: number): number {
  let probability = 0.5 ** n;
  let below = 0;
  let rank = 0;
  for (let k = 1; k <= n; k += 1) {
    below += probability;
    if (2 * below > 0.05) break;
    rank = k;
    probability *= (n - k + 1) / k;
  }
  return rank;
}

/** Standard errors of an autocorrelation, 1 / sqrt(n) each: refused where it may be too low by the first, and widened by the second. */
const Z_REFUSED = 1.5;
const Z_WIDENED = 0.5;

/**
 * A series in time order is worth n (1 - r) / (1 + r) independent samples, which is exact for an AR(1) process (Fishman,
 * Discrete-Event Simulation, section 6.5). The rank that bounds its median, a fraction too; 0 where its effective samples are
 * too few for an interval. The rank of m samples is (m + 1) / 2 - 0.98 sqrt(m), the binomial's by the normal distribution.
 */
function effectiveRank(values: readonly number[], refusedAt = Z_REFUSED): number {
  const n = values.length;
  if (n < MIN_FOR_INTERVAL) return 0;
  const r = autocorrelation(values);
  const worth = (standardErrors: number) => {
    const least = r === null ? 0 : Math.min(0.99, r + standardErrors / Math.sqrt(n));
    return (n * (1 - least)) / (1 + least);
  };
  // An interval needs enough samples even if they are as much alike as the error of r allows.
  if (worth(refusedAt) < MIN_FOR_INTERVAL) return 0;
  const m = worth(Z_WIDENED);
  return Math.max(1, (((m + 1) / 2 - 0.98 * Math.sqrt(m)) / (m + 1)) * (n + 1));
}

/**
 * Lag-1 autocorrelation of a series in time order, from 0 to 0.99; null where nothing varies. It is that of ranks, so that
 * outliers count no more than others, without its bias of -(1 + 3 r) / n (Marriott and Pope, Biometrika 41, 1954).
 */
function autocorrelation(values: readonly number[]): number | null {
  const n = values.length;
  const ranks = ranksOf(values);
  const middle = (n - 1) / 2;
  const variance = ranks.reduce((sum, rank) => sum + (rank - middle) ** 2, 0);
  if (variance === 0) return null;
  let products = 0;
  for (let i = 1; i < n; i += 1) products += ((ranks[i - 1] as number) - middle) * ((ranks[i] as number) - middle);
  return Math.min(0.99, Math.max(0, ((n * products) / variance + 1) / (n - 3)));
}

/** Ranks from 0, equal values share the mean of theirs. */
function ranksOf(values: readonly number[]): number[] {
  const order = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const ranks = new Array<number>(values.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to + 1 < order.length && order[to + 1]?.value === order[from]?.value) to += 1;
    for (let i = from; i <= to; i += 1) ranks[(order[i] as { index: number }).index] = (from + to) / 2;
    from = to + 1;
  }
  return ranks;
}

/** A value and the process that it was measured in; absent: the first. */
export interface ProcessValue {
  value: number;
  process?: number | undefined;
}

/**
 * A summary of positive values of several processes, in time order. From 4 on the interval is that of Student's t on the
 * logarithms of their medians, which holds whatever varies between processes and is free of correlation within them (Kalibera
 * and Jones, Rigorous Benchmarking in Reasonable Time, ISMM 2013: repeat at the highest level that varies). Fewer are summarized
 * by `ofOne`.
 */
export function summarizeProcesses(
  samples: readonly ProcessValue[],
  ofOne: (values: readonly number[]) => Summary = summarizeSeries,
): Summary {
  const all = ofOne(samples.map(({ value }) => value));
  const medians = [...byProcess(samples).values()].map((values) =>
    Math.log(medianSorted(values.sort((a, b) => a - b))),
  );
  if (medians.length < MIN_PROCESSES) return all;
  const half = (studentQuantile(medians.length - 1) * sampleStandardDeviation(medians)) / Math.sqrt(medians.length);
  const middle = mean(medians);
  return { ...all, median: Math.exp(middle), low: Math.exp(middle - half), high: Math.exp(middle + half) };
}

/** A timed sample as records keep it. */
export interface PointSample {
  seconds: number;
  flops: number;
  clock: 'gpu-timestamp' | 'wall' | 'mock';
  process?: number | undefined;
}

/** Standard deviation of a kernel's rate from one process to the next, where a run has too few processes to measure it. */
export const PROCESS_DEVIATION = 0.01;

/**
 * The rate of a point in FLOP/s over all its processes. With fewer than 4 its interval is widened by the variation that is to
 * be expected between them, as independent errors add; a simulated clock has none.
 */
export function summarizeRates(samples: readonly PointSample[]): Summary {
  const values = samples.map(({ flops, seconds, process }) => ({ value: flops / seconds, process }));
  const found = summarizeProcesses(values);
  return holdsProcesses(samples) ? found : widened(found);
}

/** Whether the interval of these samples holds what varies between processes; with a simulated clock nothing does. */
export function holdsProcesses(samples: readonly Pick<PointSample, 'clock' | 'process'>[]): boolean {
  const processes = new Set(samples.map(({ process = 0 }) => process));
  return processes.size >= MIN_PROCESSES || samples[0]?.clock === 'mock';
}

/** A summary of one process, its interval widened by what varies between processes. */
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
  for (const { value, process = 0 } of samples) groups.set(process, [...(groups.get(process) ?? []), value]);
  return groups;
}

/** The 97.5 % point of Student's t, within 0.1 % from 3 degrees of freedom (Abramowitz and Stegun, formula 26.7.5). */
export function studentQuantile(degrees: number): number {
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
