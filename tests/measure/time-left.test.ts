/** The estimate of what is left: the budget, or what has to be done whatever the budget. */

import { describe, expect, it } from 'vitest';
import { type Ahead, caseSecondsLeft, laterSeconds } from '../../src/measure/time-left.ts';
import { cases } from '../../src/problem/cases.ts';
import { workload } from '../workloads.ts';

const ahead = (changes: Partial<Ahead> = {}): Ahead => ({
  ...{ prepareSeconds: 2, runSeconds: 6, runs: 1, verifySeconds: 5 },
  ...changes,
});

describe('what is left of a case', () => {
  it('is preparing, its budget, and verifying', () => {
    expect(caseSecondsLeft([ahead()], 30)).toBe(2 + 30 + 5);
    expect(caseSecondsLeft([ahead({ prepareSeconds: 0 })], 10)).toBe(10 + 5);
    expect(caseSecondsLeft([], 3)).toBe(3);
  });

  it('is one run of each contender where the budget is too small for it, and all of a number asked for', () => {
    expect(caseSecondsLeft([ahead(), ahead()], 5)).toBe(4 + 12 + 10);
    expect(caseSecondsLeft([ahead({ runs: 3 })], 0)).toBe(2 + 18 + 5);
    expect(caseSecondsLeft([ahead({ runs: 0, prepareSeconds: 0 })], -1)).toBe(5);
  });
});

describe('what is left after a case', () => {
  const two = cases([workload({ seqQuery: 1024 }), workload({ seqQuery: 4096 })]);

  it('is the rest of the budget, and what grows with the keys', () => {
    const known = { keys: 1024, leastSeconds: 1, besideSeconds: 0.5 };
    expect(laterSeconds(two, 1, 20, known)).toBe(20 + 2);
    expect(laterSeconds(two, 1, 2, known)).toBe(4 + 2);
    expect(laterSeconds(two, 2, 20, known)).toBe(0);
  });
});
