/** How many fresh processes a case is spread over, and when it may stop: both fixed before its samples are seen. */

import type { OpenTarget } from '../host/target.ts';
import type { Runner } from './runner.ts';
import { MIN_PROCESSES } from './statistics.ts';

/** Processes of a case and the rounds in each of them. */
export interface ProcessPlan {
  processes: number;
  /** Null where the stopping rule ends them, or a number of samples that is spread over them. */
  roundsEach: number | null;
  /** Seconds to begin a further process, as predicted. */
  beginSeconds: number;
}

/** What a plan is made for. */
export interface PlanRequest {
  /** Seconds of the case that are left for its rounds. */
  secondsLeft: number;
  /** Exactly so many rounds; null: as the stopping rule, or the plan, has it. */
  samples: number | null;
  /** The processes asked for; null: as many as are worth their beginning. */
  asked: number | null;
  /** The case is worth little without an interval: it may take a little longer for one. */
  needsInterval: boolean;
}

/** Processes of a case whose budget allows them, most first: with few the interval is wide (Student's t). */
const CHOICES = [5, 4, MIN_PROCESSES] as const;
/** Below so many rounds in each, more processes tell less than they cost. */
export const LEAST_ROUNDS = 2;
const MOST_ROUNDS = 10;
/** Share of the time left that beginning processes may take, and that the least number of them may take with its rounds. */
const MOST_OVERHEAD = 2 / 3;
const MOST_FOR_LEAST = 1.1;
const MOST_FOR_NEEDED = 5 / 4;
/** Seconds that beginning them may take where an interval is needed of a number of rounds, which is kept to whatever the budget. */
const MOST_SECONDS_NEEDED = 20;

/** Whether the rounds of a target move to another process unasked: a browser has one, and nothing varies between mocks. */
const hasProcesses = ({ contender: { target } }: Runner) => target.state === 'open' && target.host === 'node';

/** Plans the processes of a case. What beginning them costs was measured when the first began. */
export function planProcesses(runners: readonly Runner[], request: PlanRequest): ProcessPlan {
  const { secondsLeft, samples, asked, needsInterval } = request;
  const running = runners.filter(({ ended }) => ended === null);
  const sum = (secondsOf: (runner: Runner) => number) => running.reduce((total, item) => total + secondsOf(item), 0);
  const roundSeconds = Math.max(
    1e-6,
    sum(({ expectedSeconds }) => expectedSeconds),
  );
  const targets = new Set(running.map(({ contender: { target } }) => target).filter(isOpen));
  const opening = [...targets].reduce((total, { openSeconds }) => total + openSeconds, 0);
  const beginSeconds = opening + sum(({ beginningSeconds }) => beginningSeconds);
  const one: ProcessPlan = { processes: 1, roundsEach: null, beginSeconds };
  const roundsFor = (processes: number) =>
    Math.min(MOST_ROUNDS, Math.floor((secondsLeft - (processes - 1) * beginSeconds) / processes / roundSeconds));
  const planned = (processes: number, least = 1): ProcessPlan =>
    processes === 1
      ? one
      : { processes, roundsEach: samples === null ? Math.max(least, roundsFor(processes)) : null, beginSeconds };
  if (running.some(({ contender: { target } }) => target.host === 'browser')) return one;
  if (asked !== null) return planned(Math.min(asked, samples ?? asked));
  if (running.length === 0 || !running.every(hasProcesses)) return one;
  /** A number of rounds that is asked for takes its time whatever the budget. */
  const seconds = samples === null ? secondsLeft : Math.max(secondsLeft, samples * roundSeconds);
  const enough = (processes: number) =>
    samples === null ? roundsFor(processes) >= LEAST_ROUNDS : samples >= processes * LEAST_ROUNDS;
  const found = CHOICES.find(
    (processes) => (processes - 1) * beginSeconds <= MOST_OVERHEAD * seconds && enough(processes),
  );
  if (found !== undefined) return planned(found);
  const beginning = (MIN_PROCESSES - 1) * beginSeconds;
  const least = beginning + (samples ?? MIN_PROCESSES * LEAST_ROUNDS) * roundSeconds;
  const affordable =
    least <= (needsInterval ? MOST_FOR_NEEDED : MOST_FOR_LEAST) * seconds ||
    (needsInterval && samples !== null && beginning <= MOST_SECONDS_NEEDED);
  return affordable &&
    (samples ?? MIN_PROCESSES * LEAST_ROUNDS) >= (needsInterval ? MIN_PROCESSES : MIN_PROCESSES * LEAST_ROUNDS)
    ? planned(MIN_PROCESSES, LEAST_ROUNDS)
    : one;
}

const isOpen = (target: Runner['contender']['target']): target is OpenTarget => target.state === 'open';

/** Seconds after the first round of a case, `secondsLeft` for all its rounds, by which process `index` should end. */
export function processEnd({ processes, beginSeconds }: ProcessPlan, secondsLeft: number, index: number): number {
  const sampling = Math.max(0, secondsLeft - (processes - 1) * beginSeconds) / processes;
  return (index + 1) * sampling + index * beginSeconds;
}

/** Rounds after which one process may stop: few looks, since each is a chance to stop at samples that agree by luck. */
const LOOKS = [6, 12, 24, 48, 96];

/** Whether a case in one process looks at its bounds after so many rounds. */
export const isLook = (rounds: number): boolean => LOOKS.includes(rounds);
