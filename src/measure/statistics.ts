/** From samples to a median, an interval and a spread; pure functions, no assumptions about the distribution. */

import { medianSorted } from 'simple-statistics';

/** A median with what surrounds it. */
export interface Summary {
  median: number;
  minimum: number;
  maximum: number;
  /** Bounds of the 95 % interval of the median; null below MIN_FOR_INTERVAL samples. */
  low: number | null;
  high: number | null;
}

/** With 5 samples even their whole range holds the median with less than 95 % probability (1 - 2 / 2^5). */
export const MIN_FOR_INTERVAL = 6;

/**
 * Median and its 95 % interval from order statistics: the number of samples below the true median is binomial(n, 1/2),
 * so ranks k and n + 1 - k bound it with probability 1 - 2 P(X < k) (David and Nagaraja, Order Statistics, section 7.1).
 */
export function summarize(values: readonly number[]): Summary {
  if (values.length === 0) throw new RangeError('no samples to summarize');
  const sorted = [...values].sort((a, b) => a - b);
  const n = sorted.length;
  const rank = intervalRank(n);
  return {
    median: medianSorted(sorted),
    minimum: sorted[0] as number,
    maximum: sorted[n - 1] as number,
    low: rank === 0 ? null : (sorted[rank - 1] as number),
    high: rank === 0 ? null : (sorted[n - rank] as number),
  };
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

/** Half the width of the interval over the median; Infinity where there is no interval. */
export function relativeHalfWidth(values: readonly number[]): number {
  if (values.length < MIN_FOR_INTERVAL) return Number.POSITIVE_INFINITY;
  const { median: middle, low, high } = summarize(values);
  return low === null || high === null ? Number.POSITIVE_INFINITY : (high - low) / 2 / middle;
}
