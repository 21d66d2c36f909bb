/** What the chart of a search draws: every trial in its order, the best so far, and where a longer kind of comparison began. */

import { describeConfiguration } from '../../kernels/tunable.ts';
import { candidateOf, changesOf, isShipped, type Search, type Trial } from '../measure/search-record.ts';

/** A trial as it is drawn. */
export interface DrawnTrial {
  /** From 1 on, in the order of the search. */
  number: number;
  kernel: string;
  /** Its kernel, and what it changes of the kernel's shipped configuration. */
  name: string;
  rung: number;
  /** Times the default's speed; null where it failed. */
  ratio: number | null;
  low: number | null;
  high: number | null;
  /** Why there is no ratio, empty where there is one. */
  message: string;
  /** The best of the comparisons of its length so far, 1 where none beat the default. */
  best: number;
  /** True where it is a new best. */
  turning: boolean;
}

/** Trials of one length that follow one another. */
export interface Stretch {
  first: number;
  last: number;
  /** Paired rounds of each; 0 where all failed. */
  rounds: number;
}

/** The trials of a search. The best so far begins anew with each length: the best of many short comparisons is partly luck. */
export function drawnTrials(search: Search): DrawnTrial[] {
  const best = new Map<number, number>();
  return search.trials.map((trial, index) => {
    const { rung, ratio, low, high, message } = trial;
    const before = best.get(rung) ?? 1;
    const now = Math.max(before, ratio ?? 1);
    best.set(rung, now);
    const drawn = { number: index + 1, rung, ratio, low, high, message: message ?? '', best: now };
    return { ...drawn, turning: now > before, ...named(search, trial) };
  });
}

/** The kernel of a trial, and in a few words what it is. */
function named(search: Search, trial: Trial): { kernel: string; name: string } {
  const candidate = candidateOf(search, trial);
  const { kernel } = candidate;
  const changes = isShipped(search, candidate) ? 'default' : describeConfiguration(changesOf(search, candidate));
  return { kernel, name: search.alternatives.length === 0 ? changes : `${kernel}: ${changes}` };
}

/** Where a search went from one length of comparisons to another. */
export function stretchesOf({ trials }: Search): Stretch[] {
  const stretches: (Stretch & { rung: number })[] = [];
  for (const [index, { rung, rounds }] of trials.entries()) {
    const current = stretches.at(-1);
    if (current?.rung === rung) {
      current.last = index + 1;
      current.rounds = Math.max(current.rounds, rounds);
    } else stretches.push({ first: index + 1, last: index + 1, rounds, rung });
  }
  return stretches.map(({ rung: _, ...stretch }) => stretch);
}
