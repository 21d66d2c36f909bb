/** One series of values in time order: its median, its spread, and bounds that decisions within one process rest on. */

import { medianSorted } from 'simple-statistics';

/** A median and the spread around it. */
export interface Spread {
  median: number;
  minimum: number;
  maximum: number;
}

/** A median with its spread and with bounds around it. */
export interface Summary extends Spread {
  /** Bounds of the median; null where there are none. */
  low: number | null;
  high: number | null;
}

/** With 5 samples even their whole range holds the median with less than 95 % probability (1 - 2 / 2^5). */
export const MIN_FOR_BOUNDS = 6;

/** Median and spread of values in any order. */
export function summarize(values: readonly number[]): Spread {
  const { median, minimum, maximum } = summarizeBy(values, 0);
  return { median, minimum, maximum };
}

/**
 * Bounds of the median that would hold it in 95 % if nothing but these values varied, in time order, alike as rates on a shared
 * machine are: order statistics (David and Nagaraja, Order Statistics, section 7.1) of the effective number of samples, between
 * two ranks where they fall there (Hettmansperger and Sheather, Statistics and Probability Letters 4, 1986). What varies between
 * processes is not in them, so they are no interval of a result.
 */
export function boundSeries(values: readonly number[]): Summary {
  return summarizeBy(values, effectiveRank(values));
}

/** Rounds from which the autocorrelation of paired ratios counts: in fewer its error is as large as what it would tell. */
const MIN_FOR_AUTOCORRELATION = 15;

/**
 * The same for paired ratios of one process. What both sides share cancels in them, so fewer than 15 count as independent: the
 * number below the median is binomial(n, 1/2), and ranks k and n + 1 - k bound it with probability 1 - 2 P(X < k). From there on
 * they count as many as they are worth by the same estimate, with no bounds where that is fewer than 6.
 */
export function boundPairs(values: readonly number[]): Summary {
  if (values.length < MIN_FOR_AUTOCORRELATION) return summarizeBy(values, intervalRank(values.length));
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
  if (n < MIN_FOR_BOUNDS) return 0;
  const r = autocorrelation(values);
  const worth = (standardErrors: number) => {
    const least = r === null ? 0 : Math.min(0.99, r + standardErrors / Math.sqrt(n));
    return (n * (1 - least)) / (1 + least);
  };
  // An interval needs enough samples even if they are as much alike as the error of r allows.
  if (worth(refusedAt) < MIN_FOR_BOUNDS) return 0;
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
