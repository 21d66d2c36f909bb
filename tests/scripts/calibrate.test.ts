/** A small calibration: intervals hold the truth and nothing is called different that is not, with fixed seeds. */

import { describe, expect, it } from 'vitest';
import { calibrate, calibratePairs, DESIGNS, type Design } from '../../scripts/calibrate/calibrate.ts';
import { NOISES } from '../../scripts/calibrate/noise.ts';

const FIVE: Design = { name: '5 x 6', processes: 5, each: 6 };

describe('intervals and verdicts', () => {
  it.each(NOISES.filter(({ bound }) => bound).map((noise) => [noise.name, noise] as const))(
    'hold under %s',
    (_, noise) => {
      const { known, coverage, alarms } = calibrate(noise, FIVE, 200, 1);
      expect(known).toBe(1);
      // 93 % and 5 % with three standard errors of 200 trials.
      expect(coverage).toBeGreaterThan(0.876);
      expect(alarms).toBeLessThan(0.097);
    },
  );

  const named = (name: string) => {
    const noise = NOISES.find((one) => one.name === name);
    if (noise === undefined) throw new Error(`no noise ${name}`);
    return noise;
  };

  it.each(['AR(1) 0.5, 3 %', 'AR(1) 0.8, 3 %', 'normal 1 %, run level 1 %', 'bimodal 5 %'])(
    'of one process miss the truth in at most 5 %% of runs under %s',
    (name) => {
      const { known, coverage } = calibrate(named(name), { name: '40', processes: 1, each: 40 }, 200, 1);
      expect(known * (1 - coverage)).toBeLessThan(0.097);
    },
  );

  it('are no wider than 98 % need, of one process at a level of its own and of several', () => {
    const level = named('normal 1 %, run level 1 %');
    for (const design of [FIVE, { name: '40', processes: 1, each: 40 }]) {
      const { coverage } = calibrate(level, design, 400, 1);
      // 98 % with a standard error and a half of 400 trials, and 93 % with three.
      expect(coverage).toBeLessThan(0.99);
      expect(coverage).toBeGreaterThan(0.892);
    }
  });

  it('of paired ratios hold in one process too, where each side has correlated noise of its own', () => {
    const { known, coverage } = calibratePairs(named('AR(1) 0.5, 3 %'), { name: '40', processes: 1, each: 40 }, 200, 1);
    expect(known).toBeGreaterThan(0.8);
    expect(coverage).toBeGreaterThan(0.876);
  });

  it('find a tenth in quiet noise, in one process too', () => {
    const [quiet] = NOISES;
    if (quiet === undefined) throw new Error('no noise');
    expect(calibrate(quiet, FIVE, 100, 1).power).toBeGreaterThan(0.99);
    expect(calibrate(quiet, { name: '40', processes: 1, each: 40 }, 100, 1).power).toBeGreaterThan(0.9);
  });

  it('give one process no interval from six samples', () => {
    const six = DESIGNS.find(({ name }) => name === '6');
    const [quiet] = NOISES;
    if (six === undefined || quiet === undefined) throw new Error('no design');
    expect(calibrate(quiet, six, 100, 1)).toMatchObject({ known: 0, alarms: 0 });
  });
});
