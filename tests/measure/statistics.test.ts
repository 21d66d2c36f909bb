/** Medians and intervals, from ranks known from tables. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { intervalRank, relativeHalfWidth, summarize } from '../../src/measure/statistics.ts';

describe('statistics', () => {
  // Ranks of the distribution-free 95 % interval of a median, as in printed tables (Conover, table A3).
  it.each([
    [5, 0],
    [6, 1],
    [8, 1],
    [9, 2],
    [12, 3],
    [20, 6],
    [30, 10],
    [50, 18],
  ])('bounds the median of %i samples by rank %i', (n, rank) => {
    expect(intervalRank(n)).toBe(rank);
  });

  it('has no interval below 6 samples', () => {
    expect(summarize([1, 2, 3, 4, 5])).toMatchObject({ median: 3, low: null, high: null, minimum: 1, maximum: 5 });
    expect(relativeHalfWidth([1, 1, 1, 1, 1])).toBe(Number.POSITIVE_INFINITY);
    expect(relativeHalfWidth([9, 9, 10, 10, 11, 11])).toBeCloseTo(0.1);
  });

  it('holds the true median in about 95 % of trials', () => {
    let state = 1;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    let held = 0;
    for (let trial = 0; trial < 2000; trial += 1) {
      const { low, high } = summarize(Array.from({ length: 20 }, random));
      if ((low ?? 1) <= 0.5 && (high ?? 0) >= 0.5) held += 1;
    }
    expect(held / 2000).toBeGreaterThan(0.94);
  });

  it('orders its numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 1e6, noNaN: true }), { minLength: 6 }), (values) => {
        const s = summarize(values);
        expect(s.minimum).toBeLessThanOrEqual(s.low as number);
        expect(s.low).toBeLessThanOrEqual(s.median);
        expect(s.median).toBeLessThanOrEqual(s.high as number);
        expect(s.high).toBeLessThanOrEqual(s.maximum);
      }),
    );
  });
});
