/**
 * Targets whose samples take as long as their FLOPs say: which slice a run takes and how often is then the same on every machine,
 * busy or not. And what ran last on a target, so that a wrong kernel that was measured can be told from one that had no occasion.
 */

import type { Kernel } from '../../kernels/kernel.ts';
import type { PrepareRequest } from '../../src/host/contract.ts';
import type { HostPool } from '../../src/host/pool.ts';
import { SUMS_PER_ROW } from '../../src/host/row-sums.ts';
import type { OpenTarget } from '../../src/host/target.ts';

/** FLOP/s of every sample of a slice, about those of two cores of a server, so that slices are as users have them there. */
const RATES = { scalar: 1e9, wasm: 1e11, native: 2e11, webgpu: 1e9 } as const;
/** Of whole runs, which have no slice to choose: so slow that no watchdog ends one on a busy machine. */
const WHOLE_RATE = 1e7;

/** The slice of the last run whose sums were read, with them. */
export interface LastRun {
  request: PrepareRequest;
  seed: number;
  /** Two of every row (src/host/row-sums.ts). */
  sums: Float64Array;
}

/** A target, and what ran last on it. */
export interface SteadyTarget {
  target: OpenTarget;
  /** Undefined before anything was verified. */
  last(): LastRun | undefined;
}

/** The same target with such samples, of whole runs or of slices. */
export function steadyTarget(target: OpenTarget, full: boolean): SteadyTarget {
  const rate = full ? WHOLE_RATE : RATES[target.environment.device.backend];
  let last: LastRun | undefined;
  const open = async () => {
    const host = await target.open();
    const requests = new Map<number, PrepareRequest>();
    const steady: typeof host = {
      ...host,
      async prepare(request) {
        const result = await host.prepare(request);
        requests.set(result.id, request);
        return result;
      },
      async run(id) {
        const sample = await host.run(id);
        return { ...sample, seconds: sample.flops / rate };
      },
      async sums(id, seed) {
        const sums = await host.sums(id, seed);
        last = { request: requests.get(id) as PrepareRequest, seed, sums };
        return sums;
      },
    };
    return steady;
  };
  return { target: { ...target, open }, last: () => last };
}

/** Of the rows of a run, those in which the right kernel writes something else; it runs the same slice once, on a target of the pool. */
export async function rowsThatDiffer(
  right: Kernel,
  target: OpenTarget,
  pool: HostPool,
  { request, seed, sums }: LastRun,
): Promise<{ rows: number; differ: number }> {
  const { host } = await pool.acquire(target);
  const { id } = await host.prepare({ ...request, program: right.build(request.workload, target.environment) });
  try {
    await host.run(id);
    const expected = await host.sums(id, seed);
    const rows = sums.length / SUMS_PER_ROW;
    const differs = (row: number) =>
      Array.from({ length: SUMS_PER_ROW }, (_, i) => row * SUMS_PER_ROW + i).some((at) => sums[at] !== expected[at]);
    return { rows, differ: Array.from({ length: rows }, (_, row) => row).filter(differs).length };
  } finally {
    await host.dispose(id);
  }
}
