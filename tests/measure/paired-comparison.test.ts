/** Configurations in paired rounds: a device that is lost, a default that fails, and what is said of each. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import type { Kernel } from '../../kernels/kernel.ts';
import { createHostPool } from '../../src/host/pool.ts';
import type { KillableHost } from '../../src/host/target.ts';
import { comparisonsOn } from '../../src/measure/paired-comparison.ts';
import { workload } from '../workloads.ts';
import { mockTarget } from './targets.ts';

const W = workload({ headDim: 32, seqQuery: 256, queryHeads: 1, kvHeads: 1 });
const never = new AbortController().signal;

/** A kernel of configurations that are the block rows of its program. */
function kernelOf(name: string, shipped = 8): Kernel {
  const build = (rows: number) => ({ kind: 'module' as const, entry: name, blockRows: rows });
  return {
    ...findKernel('scalar-flash'),
    name,
    build: () => build(shipped),
    tunable: {
      shipped: () => ({ rows: shipped }),
      shortlist: () => ({ candidates: [], pruned: [] }),
      problem: () => undefined,
      build: (configuration) => build((configuration as { rows: number }).rows),
    },
  };
}

/** Hosts that programs with these block rows take down with them. */
const fragile = (fatal: number) => (host: KillableHost) => {
  const lost = new Error('the WebGPU device was lost: unknown');
  const prepared = new Map<number, number>();
  let dead = false;
  const orLost = <T>(call: () => Promise<T>) => (dead ? Promise.reject(lost) : call());
  return {
    ...host,
    environment: () => orLost(() => host.environment()),
    prepare: (request: Parameters<KillableHost['prepare']>[0]) =>
      orLost(async () => {
        const answer = await host.prepare(request);
        prepared.set(answer.id, request.program.blockRows);
        return answer;
      }),
    run: (id: number) => {
      dead ||= prepared.get(id) === fatal;
      return orLost(() => host.run(id));
    },
  };
};

describe('paired comparisons', () => {
  it('go on after a device that was lost, in a fresh host', async () => {
    const target = await mockTarget('rate=1e9', fragile(16));
    const kernel = kernelOf('a');
    const pool = createHostPool();
    const compare = comparisonsOn(W, target, pool, never).against(kernel, [kernel]);
    expect(await compare({ kernel: 'a', tile: { rows: 16 } }, 2, false)).toEqual({
      message: expect.stringContaining('device was lost'),
    });
    expect(target.opened).toBe(1);
    expect(await compare({ kernel: 'a', tile: { rows: 32 } }, 6, false)).toMatchObject({
      ratio: 1,
      rounds: 6,
      low: 1,
      high: 1,
    });
    expect(target.opened).toBe(2);
    await pool.close();
  });

  it('say so where it is the default that fails', async () => {
    const target = await mockTarget('rate=1e9', fragile(8));
    const kernel = kernelOf('a');
    const pool = createHostPool();
    const comparisons = comparisonsOn(W, target, pool, never);
    expect(await comparisons.problem(kernel)).toContain('device was lost');
    // Both run on the host that the default takes down: the candidate is not blamed alone.
    const outcome = await comparisons.against(kernel, [kernel])({ kernel: 'a', tile: { rows: 32 } }, 2, false);
    expect(outcome).toEqual({ message: expect.stringMatching(/lost/) });
    await pool.close();
  });

  it('that decide are spread over fresh processes, which the record says', async () => {
    const target = await mockTarget('rate=1e9');
    const kernel = kernelOf('a');
    const pool = createHostPool();
    const compare = comparisonsOn(W, target, pool, never).against(kernel, [kernel]);
    const outcome = { ratio: 1, low: 1, high: 1, rounds: 10 };
    expect(await compare({ kernel: 'a', tile: { rows: 16 } }, 10, false)).toEqual(outcome);
    expect(target.opened).toBe(1);
    expect(await compare({ kernel: 'a', tile: { rows: 16 } }, 10, true)).toEqual({ ...outcome, processes: 5 });
    expect(target.opened).toBe(5);
    await pool.close();
  });

  it('have no bounds in one round', async () => {
    const target = await mockTarget('rate=1e9');
    const [base, other] = [kernelOf('a'), kernelOf('b')];
    const pool = createHostPool();
    const compare = comparisonsOn(W, target, pool, never).against(base, [base, other]);
    expect(await compare({ kernel: 'b', tile: { rows: 8 } }, 1, false)).toEqual({
      ratio: 1,
      low: null,
      high: null,
      rounds: 1,
    });
    await expect(compare({ kernel: 'c', tile: { rows: 8 } }, 1, false)).rejects.toThrow(/no kernel 'c'/);
    await pool.close();
  });
});
