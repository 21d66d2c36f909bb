/** How many processes a case gets: from what beginning one costs, what is left of its budget, and what it is asked for. */

import { describe, expect, it } from 'vitest';
import { type PlanRequest, planProcesses, processEnd } from '../../src/measure/processes.ts';
import type { Runner } from '../../src/measure/runner.ts';
import { contendersOn, mockTarget } from './targets.ts';

/** Two kernels in a host that opens in `open` seconds; each begins in `begin` seconds and runs for `run`. */
async function runners(host: string, open = 0.1, begin = 0.2, run = 0.05): Promise<Runner[]> {
  const target = Object.assign(await mockTarget('rate=1e9'), { host, openSeconds: open });
  return contendersOn(target, target).map(
    (contender) => ({ contender, ended: null, beginningSeconds: begin, expectedSeconds: run }) as Runner,
  );
}

const request = (secondsLeft: number, changes: Partial<PlanRequest> = {}): PlanRequest => ({
  ...{ secondsLeft, samples: null, asked: null, needsInterval: false },
  ...changes,
});

describe('the processes of a case', () => {
  // Each further one takes 0.5 s to begin, and a round 0.1 s.
  it.each([
    [60, 5, 10],
    [3, 5, 2],
    [2.4, 4, 2],
    [1.8, 3, 2],
    [1.4, 1, null],
    [0, 1, null],
  ])('with %d s are %i of %s rounds', async (seconds, processes, roundsEach) => {
    expect(planProcesses(await runners('node'), request(seconds))).toMatchObject({ processes, roundsEach });
  });

  it('are at least three where an interval is needed, for a quarter more than the time', async () => {
    const plan = async (seconds: number) =>
      planProcesses(await runners('node'), request(seconds, { needsInterval: true }));
    expect(await plan(1.3)).toMatchObject({ processes: 3, roundsEach: 2 });
    expect(await plan(1.2)).toMatchObject({ processes: 1 });
  });

  it('are one where nothing can be begun anew: in a browser, even if more are asked for, and of a mock unasked', async () => {
    const [browser, mock] = [await runners('browser'), await runners('mock')];
    expect(planProcesses(browser, request(60)).processes).toBe(1);
    expect(planProcesses(browser, request(60, { asked: 3 })).processes).toBe(1);
    expect(planProcesses(mock, request(60)).processes).toBe(1);
    expect(planProcesses(mock, request(60, { asked: 3 })).processes).toBe(3);
  });

  it('share a number of samples, two each at least', async () => {
    const plan = async (samples: number, asked: number | null = null) =>
      planProcesses(await runners('node'), request(30, { samples, asked })).processes;
    expect(await Promise.all([5, 6, 8, 9, 10, 40].map((samples) => plan(samples)))).toEqual([1, 3, 4, 4, 5, 5]);
    expect(await plan(2, 5)).toBe(2);
    // Too short for more by itself; of ratios it is spread over three all the same.
    const short = async (needsInterval: boolean) =>
      planProcesses(await runners('node', 0.1, 3, 0.01), request(1, { samples: 7, needsInterval })).processes;
    expect([await short(false), await short(true)]).toEqual([1, 3]);
  });

  it('end one after the other, each with as much time to run in', async () => {
    const plan = planProcesses(await runners('node'), request(3));
    // 3 s less four beginnings of 0.5 s are 0.2 s for each of five.
    expect([0, 1, 4].map((index) => processEnd(plan, 3, index))).toEqual(
      [0.2, 0.9, 3].map((end) => expect.closeTo(end)),
    );
  });
});
