/** A further process of a case: hosts are ended, opened anew and warmed; where that fails, the other processes count. */

import type { HostPool } from '../host/pool.ts';
import { processLapsed } from '../messages.ts';
import type { Runner } from './runner.ts';

/**
 * Ends the hosts of what still runs; each is opened anew, prepared and warmed, and once more where that fails. Before that, rows
 * are kept for verification: those of every process are looked at, and one that fails costs its own samples only.
 */
export async function beginProcess(runners: readonly Runner[], pool: HostPool): Promise<void> {
  const running = runners.filter(({ ended }) => ended === null);
  for (const runner of running) if (runner.contender.ceiling !== true) await runner.keepRows();
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const begun = attempt === 0 ? running : running.filter(({ lapsed }) => lapsed !== null);
    const targets = new Set(begun.map(({ contender }) => contender.target));
    for (const target of targets) if (target.state === 'open') await pool.renew(target);
    for (const runner of running) if (targets.has(runner.contender.target)) await runner.warm();
  }
}

/** What to say of kernels that gave up a process, number `process` from 0. */
export const lapses = (runners: readonly Runner[], process: number) =>
  runners.flatMap(({ contender: { kernel }, lapsed }) =>
    lapsed === null ? [] : [processLapsed(kernel.name, process + 1, lapsed)],
  );
