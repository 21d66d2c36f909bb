/** How long a case, and the run that it is part of, will still take: from what is predicted and what was measured. */

import type { Case } from '../problem/cases.ts';
import { budgetShare } from './plan.ts';

/** A contender on its way through a case. Seconds are of work that it still has before it. */
export interface Ahead {
  /** Preparing; 0 once it is ready. */
  prepareSeconds: number;
  /** One run of its slice. */
  runSeconds: number;
  /** Runs that it needs whatever the budget: its first, or those of a number asked for. */
  runs: number;
  /** Its verification; 0 once it is over. */
  verifySeconds: number;
}

/** Seconds that a case still takes with `budgetSeconds` of its budget left. Contenders that settle early end it sooner. */
export function caseSecondsLeft(ahead: readonly Ahead[], budgetSeconds: number): number {
  const sum = (secondsOf: (item: Ahead) => number) => ahead.reduce((total, item) => total + secondsOf(item), 0);
  const must = sum(({ runs, runSeconds }) => runs * runSeconds);
  return sum((item) => item.prepareSeconds) + Math.max(must, budgetSeconds, 0) + sum((item) => item.verifySeconds);
}

/** What is known of a case for those after it: its keys, its least measuring, and what it takes beside its budget. */
export interface CaseCost {
  keys: number;
  /** One run of every contender. */
  leastSeconds: number;
  /** Preparing and verifying. */
  besideSeconds: number;
}

/**
 * Seconds that the cases from number `from` on will take, with `budgetSeconds` left for them together. What a case takes beside
 * its budget grows with its keys.
 */
export function laterSeconds(cases: readonly Case[], from: number, budgetSeconds: number, known: CaseCost): number {
  let [left, seconds] = [budgetSeconds, 0];
  for (let index = from; index < cases.length; index += 1) {
    const share = Math.max(0, left) * budgetShare(cases, index);
    const times = (cases[index] as Case).workload.seqKv / known.keys;
    left -= share;
    seconds += Math.max(share, known.leastSeconds * times) + known.besideSeconds * times;
  }
  return seconds;
}
