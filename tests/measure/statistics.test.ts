/** Medians, intervals and bounds, from ranks and quantiles known from tables. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boundPairs, boundSeries, intervalRank, summarize } from '../../src/measure/series.ts';
import {
  decidePairs,
  decideRates,
  PROCESS_DEVIATION,
  relativeHalfWidth,
  studentQuantile,
  summarizePairs,
  summarizeProcesses,
  summarizeRates,
} from '../../src/measure/statistics.ts';

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

  it('gives decisions no bounds below 6 samples, and below more where they may be alike', () => {
    expect(summarize([1, 2, 3, 4, 5])).toEqual({ median: 3, minimum: 1, maximum: 5 });
    expect(boundPairs([1, 2, 3, 4, 5])).toMatchObject({ median: 3, low: null, high: null, minimum: 1, maximum: 5 });
    expect(boundPairs([9, 11, 10, 9, 11, 10])).toMatchObject({ low: 9, high: 11 });
    expect(relativeHalfWidth(boundSeries([1, 1, 1, 1, 1]))).toBe(Number.POSITIVE_INFINITY);
    // Nothing varies, so nothing is alike.
    expect(relativeHalfWidth(boundSeries([1, 1, 1, 1, 1, 1]))).toBe(0);
    expect(boundSeries([9, 11, 10, 9, 11, 10]).low).toBeNull();
    const alternating = Array.from({ length: 16 }, (_, i) => 10 + (i % 2 === 0 ? 1 : -1) * (1 + i / 100));
    expect(boundSeries(alternating).low).toBeLessThan(10);
    // Half a standard error of r: worth 12.4 samples, whose rank is 3.27 of them and 4.13 of all.
    const sorted = [...alternating].sort((x, y) => x - y);
    const [fourth = 0, fifth = 0] = sorted.slice(3, 5);
    expect(boundSeries(alternating).low).toBeGreaterThan(fourth);
    expect(boundSeries(alternating).low).toBeLessThan(fifth);
    // The same values in order are worth two samples.
    expect(boundSeries([...alternating].sort((x, y) => x - y)).low).toBeNull();
  });

  it.each([
    [2, 4.303],
    [3, 3.182],
    [4, 2.776],
    [7, 2.365],
    [30, 2.042],
  ])("knows Student's t of %i degrees of freedom, as in printed tables", (degrees, quantile) => {
    expect(Math.abs(studentQuantile(degrees) / quantile - 1)).toBeLessThan(degrees === 2 ? 1e-4 : 0.0015);
  });

  it("has no Student's t of fewer than 2 degrees of freedom", () => {
    expect(() => studentQuantile(1)).toThrow(RangeError);
  });

  it('bounds three processes or more by their medians, and fewer not at all', () => {
    const levels = [98, 100, 102, 104];
    const values = levels.flatMap((level, process) => [0, 1, -1].map((off) => ({ value: level + off, process })));
    const found = summarizeProcesses(values);
    // On logarithms: mean 4.61512, standard deviation 0.025559, t of 3 degrees of freedom.
    expect(found.median).toBeCloseTo(100.975, 2);
    expect(found.low).toBeCloseTo(100.975 * Math.exp((-3.182 * 0.025559) / 2), 1);
    expect(found.high).toBeCloseTo(100.975 * Math.exp((3.182 * 0.025559) / 2), 1);
    // Of three: mean 4.60503, standard deviation 0.020003, t of 2.
    const three = summarizeProcesses(values.slice(0, 9));
    expect(three.low).toBeCloseTo(99.9867 * Math.exp((-4.303 * 0.020003) / Math.sqrt(3)), 1);
    expect(summarizeProcesses(values.slice(0, 6))).toMatchObject({ median: 99, low: null, high: null, minimum: 97 });
  });

  it('gives the rate of one process no interval, but a simulated one', () => {
    const of = (clock: 'wall' | 'mock') => Array.from({ length: 6 }, () => ({ seconds: 1, flops: 100, clock }));
    expect(summarizeRates(of('mock'))).toMatchObject({ low: 100, high: 100 });
    expect(summarizeRates(of('wall'))).toMatchObject({ median: 100, low: null, high: null });
    // A verdict rests on its samples and on what is assumed to vary between processes.
    expect(decideRates(of('wall')).low).toBeCloseTo(100 * Math.exp(-1.96 * PROCESS_DEVIATION), 2);
    expect(decideRates(of('mock')).low).toBe(100);
  });

  it('gives paired ratios of one process no interval, but decisions their bounds', () => {
    const ratios = [1, 1.1, 1.2, 1.3, 1.4, 1.5].map((value) => ({ value }));
    expect(summarizePairs(ratios, false)).toMatchObject({ median: 1.25, low: null, high: null });
    expect(decidePairs(ratios)).toMatchObject({ median: 1.25, low: 1, high: 1.5 });
    expect(summarizePairs(ratios, true)).toEqual(decidePairs(ratios));
    const three = [...ratios, ...ratios, ...ratios].map(({ value }, i) => ({ value, process: Math.floor(i / 6) }));
    expect(summarizePairs(three, false)).toEqual(decidePairs(three));
    expect(summarizePairs(three, false).low).not.toBeNull();
  });

  it('bounds the true median of independent samples in about 95 % of trials', () => {
    let state = 1;
    const random = () => {
      state = (state * 48271) % 2147483647;
      return state / 2147483647;
    };
    let [held, known] = [0, 0];
    for (let trial = 0; trial < 2000; trial += 1) {
      const { low, high } = boundSeries(Array.from({ length: 20 }, random));
      if (low === null || high === null) continue;
      known += 1;
      if (low <= 0.5 && high >= 0.5) held += 1;
    }
    expect(known).toBeGreaterThan(1500);
    expect(held / known).toBeGreaterThan(0.94);
  });

  it('orders its numbers', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0.1, max: 1e6, noNaN: true }), { minLength: 6 }), (values) => {
        const s = boundPairs(values);
        expect(s.minimum).toBeLessThanOrEqual(s.low ?? s.median);
        expect(s.low ?? s.median).toBeLessThanOrEqual(s.median);
        expect(s.median).toBeLessThanOrEqual(s.high ?? s.maximum);
        expect(s.high ?? s.median).toBeLessThanOrEqual(s.maximum);
      }),
    );
  });
});
