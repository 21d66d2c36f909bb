/** What the contenders of a case still have before them, and whether that is much more than its budget. */

import { formatEstimate } from '../format.ts';
import { slicesTooLong } from '../messages.ts';
import { describe, type Workload } from '../problem/workload.ts';
import type { Runner } from './runner.ts';
import { type Ahead, type CaseCost, caseSecondsLeft } from './time-left.ts';

/** What a contender still has before it. */
export function aheadOf(runner: Runner, wanted: number | null, ready: boolean, verified: boolean): Ahead {
  const { ended, outlook, samples, expectedSeconds, verifySeconds } = runner;
  if (ended !== null || outlook === null) return { prepareSeconds: 0, runSeconds: 0, runs: 0, verifySeconds: 0 };
  return {
    prepareSeconds: ready ? 0 : outlook.prepareSeconds,
    runSeconds: ready ? expectedSeconds : outlook.runSeconds,
    runs: verified ? 0 : Math.max(0, (wanted ?? 1) - samples.length),
    verifySeconds: verified ? 0 : verifySeconds,
  };
}

/** What a case takes, for those after it. */
export function costOf({ seqKv }: Workload, runners: readonly Runner[], wanted: number | null): CaseCost {
  const ahead = runners.map((runner) => ({ ...aheadOf(runner, null, false, false), runs: wanted ?? 1 }));
  return {
    keys: seqKv,
    leastSeconds: ahead.reduce((sum, { runs, runSeconds }) => sum + runs * runSeconds, 0),
    besideSeconds: ahead.reduce((sum, { prepareSeconds, verifySeconds }) => sum + prepareSeconds + verifySeconds, 0),
  };
}

/** Seconds beyond the budget that are no matter, and the share of it. */
const MATTERS_SECONDS = 3;
export const MATTERS_SHARE = 1.25;

/** What to say where a case will take much longer than its budget; null where it will not. */
export function tooLong(w: Workload, runners: readonly Runner[], budgetSeconds: number): string | null {
  const running = runners.filter(({ ended, outlook }) => ended === null && outlook !== null);
  const ahead = running.map((runner) => aheadOf(runner, 1, false, false));
  const seconds = caseSecondsLeft(ahead, budgetSeconds);
  if (seconds < budgetSeconds * MATTERS_SHARE + MATTERS_SECONDS) return null;
  const total = ({ prepareSeconds, runSeconds, verifySeconds }: Ahead) => prepareSeconds + runSeconds + verifySeconds;
  const longest = ahead.reduce((best, item, index) => (total(item) > total(ahead[best] as Ahead) ? index : best), 0);
  const { contender } = running[longest] as Runner;
  const { prepareSeconds, runSeconds, verifySeconds } = ahead[longest] as Ahead;
  return slicesTooLong(
    describe(w),
    contender.kernel.name,
    { seconds: formatEstimate(seconds), budget: formatEstimate(budgetSeconds) },
    { run: formatEstimate(runSeconds), prepare: formatEstimate(prepareSeconds), verify: formatEstimate(verifySeconds) },
  );
}
