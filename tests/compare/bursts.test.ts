/** Error bars of the AVO paper beside the times of its passes: they are divided by time without exception. */

import { describe, expect, it } from 'vitest';
import { burstFinding, burstPoints, burstSplit, ONE_LAUNCH_SECONDS } from '../../src/compare/bursts.ts';
import { publishedFigures } from '../../src/compare/published-figures.ts';

const points = burstPoints();

describe('the error bars of published figures', () => {
  it('are those of all figures of the paper, by the time of a pass', () => {
    expect(points).toHaveLength(publishedFigures('avo').length);
    const headline = points.find(({ figure }) => figure.tflops === 1668);
    // 4 x 32768^2 x 128 x 16 FLOPs over 1668 TFLOPS.
    expect(headline?.passSeconds).toBeCloseTo((4 * 32768 ** 2 * 128 * 16) / 1668e12, 12);
    expect(headline?.error).toBe(18.6);
    expect(points.map(({ passSeconds }) => passSeconds)).toEqual(
      points.map(({ passSeconds }) => passSeconds).sort((a, b) => a - b),
    );
  });

  it('are divided by time without exception, where one launch fills the time of a measurement', () => {
    const split = burstSplit(points);
    expect([split?.shorter.length, split?.longer.length]).toEqual([51, 21]);
    expect(split?.shorter.at(-1)?.passSeconds).toBeLessThan(ONE_LAUNCH_SECONDS);
    expect(split?.longer[0]?.passSeconds).toBeGreaterThan(ONE_LAUNCH_SECONDS);
    expect(burstFinding(points)).toBe(
      'The 21 passes from 5.2 ms on have error bars of 11 to 75 TFLOPS, the 51 up to 2.9 ms of at most 6.1',
    );
  });

  it('are said not to be divided where one exception is', () => {
    const [first, ...others] = points;
    if (first === undefined) throw new Error('no figure has an error bar');
    expect(burstSplit([{ ...first, error: 80 }, ...others])).toBeNull();
    expect(burstFinding([{ ...first, error: 80 }, ...others])).toContain('do not go by the time');
  });
});
