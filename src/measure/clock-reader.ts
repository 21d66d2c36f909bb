/** The clock of a CPU core while something else runs on its host: a chain of dependent additions, some milliseconds a reading. */

import type { Probe } from '../../kernels/ceilings/probe.ts';
import { clockProbe } from '../../kernels/ceilings/wasm.ts';
import { x64ClockProbe } from '../../kernels/ceilings/x64.ts';
import type { Host } from '../host/contract.ts';
import type { HostPool } from '../host/pool.ts';
import type { OpenTarget } from '../host/target.ts';
import { watched } from '../host/watchdog.ts';
import { wrongProbe } from '../messages.ts';
import { wholeSlice } from '../problem/slice.ts';
import { rateOf } from '../record/rate.ts';
import { probeWorkload } from './ceilings.ts';

/** Reads the clock of a core. */
export interface ClockReader {
  /** Hz. Throws where the host does not answer or the chain gave a wrong result. */
  read(): Promise<number>;
  /** Releases the host's memory. */
  close(): Promise<void>;
}

/** Longest run of the chain, seconds. */
const LIMIT_S = 60;
/** Runs a reading: whatever else the machine does only slows one down, so the fastest counts. */
const RUNS = 3;

/** A reader on the target's host; null where it runs no WebAssembly or machine code of ours, as on GPUs and on the mock host. */
export async function openClock(target: OpenTarget, pool: HostPool): Promise<ClockReader | null> {
  const { device } = target.environment;
  const chain = device.backend === 'wasm' ? clockProbe : device.backend === 'native' ? x64ClockProbe : null;
  if (chain === null || device.library !== undefined || target.host === 'mock') return null;
  const { host: killable } = await pool.acquire(target);
  return readerOn(
    watched(killable, () => LIMIT_S),
    chain,
  );
}

async function readerOn(host: Host, probe: Probe): Promise<ClockReader> {
  // One work tile: one thread has work, as a clock is of one core.
  const workload = probeWorkload(48, 1536, 128);
  const program = probe.build(workload, await host.environment());
  const slice = wholeSlice(workload, program.blockRows);
  const { id } = await host.prepare({ program, workload, slice, data: { kind: 'none' } });
  const [factor, wanted] = [probe.operationsPerFlop(workload), probe.expected(workload)];
  return {
    async read() {
      let fastest = 0;
      for (let run = 0; run < RUNS; run += 1) fastest = Math.max(fastest, rateOf(await host.run(id)) * factor);
      const [row] = await host.read(id, [{ batch: 0, queryHead: 0, row: 0 }]);
      const value = row?.[0] ?? Number.NaN;
      if (!(Math.abs(value - wanted) <= 1e-3 * Math.abs(wanted)))
        throw new Error(wrongProbe(probe.name, value, wanted));
      return fastest;
    },
    close: () => host.dispose(id),
  };
}
