/** Checks a program before anything is timed: every row of a small ragged problem against the float64 oracle. */

import { compareRows, roundingOf } from '../../host/comparison.ts';
import { type OracleRow, oracleSteps } from '../../host/oracle.ts';
import type { Contender, HostPool } from '../../host/pool.ts';
import { messageOf, wrongResult } from '../../messages.ts';
import type { Data } from '../../problem/data.ts';
import { allRows, wholeSlice } from '../../problem/slice.ts';
import type { Workload } from '../../problem/workload.ts';
import { createPreparedRun } from '../prepared-run.ts';
import { FIRST_RATES } from '../runner.ts';
import { Interrupted, runSteps, type StopWatch } from '../stop.ts';
import type { Check } from './outcome.ts';

const DATA: Data = { kind: 'normal', seed: 1 };

/** How a check ended. */
export type CheckResult = Pick<Check, 'state' | 'reason' | 'maxRelativeError' | 'tolerance'>;

/** Checks contenders; the oracle's rows of a workload are made once for all that are checked at it. */
export interface Checker {
  /** Throws Interrupted where an interrupt came before the end; whatever else goes wrong is the result. */
  check(contender: Contender, workload: Workload): Promise<CheckResult>;
}

/** A checker that runs programs on the hosts of a pool. */
export function createChecker(pool: HostPool, watch: StopWatch): Checker {
  const made = new Map<string, OracleRow[]>();
  const referencesOf = async (w: Workload) => {
    const key = JSON.stringify(w);
    const rows = made.get(key) ?? (await runSteps(oracleSteps(w, DATA, allRows(w)), watch));
    made.set(key, rows);
    return rows;
  };
  const none = { maxRelativeError: null, tolerance: null };
  return {
    async check({ kernel, target }, w) {
      if (target.state === 'unavailable') return { state: 'skipped', reason: target.reason, ...none };
      const { environment } = target;
      const unsupported = kernel.unsupported(w, environment);
      if (unsupported !== undefined) return { state: 'skipped', reason: unsupported, ...none };
      const firstRate = FIRST_RATES[kernel.backend];
      const compilesLate = kernel.library !== undefined;
      const options = { data: DATA, wallClock: false, firstRate, compilesLate, signal: watch.signal };
      const prepared = createPreparedRun(w, target, pool, options);
      try {
        const references = await referencesOf(w);
        const program = kernel.build(w, environment);
        await prepared.prepare(program, wholeSlice(w, program.blockRows));
        await prepared.run();
        const { maxRelativeError, tolerance } = compareRows(w, references, await prepared.read(allRows(w)), {
          rounding: roundingOf(w, program),
        });
        await prepared.dispose();
        const right = maxRelativeError <= tolerance;
        const reason = right ? null : wrongResult(maxRelativeError, tolerance);
        // JSON has no infinity, which is what a NaN in the output gives.
        const error = Number.isFinite(maxRelativeError) ? maxRelativeError : null;
        return { state: right ? 'right' : 'wrong', reason, maxRelativeError: error, tolerance };
      } catch (error) {
        await prepared.forget();
        if (error instanceof Interrupted) throw error;
        return { state: 'failed', reason: messageOf(error), ...none };
      }
    },
  };
}
