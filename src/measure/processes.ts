/** How many fresh processes a case is spread over, and when it may stop: both fixed before its samples are seen. */

import type { Runner } from './runner.ts';

/** Processes and the most rounds in each of them. */
export interface ProcessPlan {
  processes: number;
  /** Null where only the stopping rule or the number of samples ends them. */
  roundsEach: number | null;
}

/** Processes of a case whose budget allows several: one more than their interval needs, in case that one fails. */
const PROCESSES = 5;
/** Below so many rounds in each, more processes tell less than they cost. */
const LEAST_ROUNDS = 2;
const MOST_ROUNDS = 10;
/** Share of the time left that beginning processes may take. */
const MOST_OVERHEAD = 0.5;
/** Seconds to open a child process. */
const OPEN_SECONDS = 0.3;

/**
 * The plan of a case with `secondsLeft`. Where no number is `asked` for, kernels on the CPU in child processes get 5, if each
 * has time for 2 rounds; a driver or a browser takes too long to begin anew, and a mock has nothing that varies.
 */
export function planProcesses(
  runners: readonly Runner[],
  secondsLeft: number,
  samples: number | null,
  asked: number | null,
): ProcessPlan {
  if (samples !== null) {
    const processes = Math.min(asked ?? 1, samples);
    return { processes, roundsEach: processes === 1 ? null : Math.ceil(samples / processes) };
  }
  const running = runners.filter(({ ended }) => ended === null);
  const sum = (secondsOf: (runner: Runner) => number) => running.reduce((total, item) => total + secondsOf(item), 0);
  const roundSeconds = Math.max(
    1e-6,
    sum(({ expectedSeconds }) => expectedSeconds),
  );
  const beginSeconds = OPEN_SECONDS + sum(({ beginningSeconds }) => beginningSeconds);
  const roundsFor = (processes: number) =>
    Math.min(MOST_ROUNDS, Math.floor((secondsLeft - (processes - 1) * beginSeconds) / processes / roundSeconds));
  if (asked !== null) return { processes: asked, roundsEach: asked === 1 ? null : Math.max(1, roundsFor(asked)) };
  const suits = running.every(
    ({ contender: { kernel, target } }) =>
      target.state === 'open' && target.host === 'node' && kernel.backend !== 'webgpu' && kernel.library === undefined,
  );
  const cheap = (PROCESSES - 1) * beginSeconds <= MOST_OVERHEAD * secondsLeft;
  return suits && cheap && running.length > 0 && roundsFor(PROCESSES) >= LEAST_ROUNDS
    ? { processes: PROCESSES, roundsEach: roundsFor(PROCESSES) }
    : { processes: 1, roundsEach: null };
}

/** Rounds after which one process may stop: few looks, since each is a chance to stop at samples that agree by luck. */
const LOOKS = [6, 12, 24, 48, 96];

/** Whether a case in one process looks at its intervals after so many rounds. */
export const isLook = (rounds: number): boolean => LOOKS.includes(rounds);
