/** A small calibration: intervals hold the truth and nothing is called different that is not, with fixed seeds. */

import { describe, expect, it } from 'vitest';
import { calibrate, DESIGNS, type Design } from '../../scripts/calibrate/calibrate.ts';
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
