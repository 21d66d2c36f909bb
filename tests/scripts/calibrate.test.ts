/** A small calibration: intervals hold the truth and nothing is called different that is not, with fixed seeds. */

import { describe, expect, it } from 'vitest';
import { calibrate, calibratePairs, type Design } from '../../scripts/calibrate/calibrate.ts';
import { NOISES } from '../../scripts/calibrate/noise.ts';

const THREE: Design = { name: '3 x 4', processes: 3, each: 4 };
const FIVE: Design = { name: '5 x 6', processes: 5, each: 6 };
const ONE: Design = { name: '40', processes: 1, each: 40 };
const BOUND = NOISES.filter(({ bound }) => bound);

const named = (name: string) => {
  const noise = NOISES.find((one) => one.name === name);
  if (noise === undefined) throw new Error(`no noise ${name}`);
  return noise;
};

describe('intervals and verdicts', () => {
  it.each(BOUND.flatMap((noise) => [THREE, FIVE].map((design) => [noise.name, design.name, noise, design] as const)))(
    'hold under %s, of %s',
    (_, __, noise, design) => {
      const { known, coverage, alarms } = calibrate(noise, design, 200, 1);
      expect(known).toBe(1);
      // 93 % and 5 % with three standard errors of 200 trials.
      expect(coverage).toBeGreaterThan(0.876);
      expect(alarms).toBeLessThan(0.097);
    },
  );

  it.each([THREE, FIVE])('are no wider than 98 % need, of $name', (design) => {
    const { coverage } = calibrate(named('normal 1 %, run level 1 %'), design, 400, 1);
    // 98 % with a standard error and a half of 400 trials.
    expect(coverage).toBeLessThan(0.99);
  });

  it.each(BOUND.map(({ name }) => name))('are none of one process, whose alarms are few, under %s', (name) => {
    const { known, alarms } = calibrate(named(name), ONE, 100, 1);
    expect(known).toBe(0);
    // 5 % with three standard errors of 100 trials.
    expect(alarms).toBeLessThan(0.116);
  });

  it('of paired ratios hold where each side has correlated noise of its own, and one process has none', () => {
    const noise = named('AR(1) 0.5, 3 %');
    for (const design of [THREE, FIVE]) {
      const { known, coverage } = calibratePairs(noise, design, 200, 1);
      expect(known).toBe(1);
      expect(coverage).toBeGreaterThan(0.876);
    }
    expect(calibratePairs(noise, ONE, 20, 1).known).toBe(0);
  });

  it('find a tenth in quiet noise, in one process too', () => {
    const quiet = named('normal 1 %');
    expect(calibrate(quiet, FIVE, 100, 1).power).toBeGreaterThan(0.99);
    expect(calibrate(quiet, ONE, 100, 1).power).toBeGreaterThan(0.9);
  });
});
