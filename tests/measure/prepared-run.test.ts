/** A program on a host that hangs, crashes or is opened anew. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scalarMultiplyAdd } from '../../kernels/ceilings/scalar.ts';
import { findKernel } from '../../kernels/index.ts';
import { createHostPool } from '../../src/host/pool.ts';
import { fastestProbe } from '../../src/measure/ceilings.ts';
import { createPreparedRun } from '../../src/measure/prepared-run.ts';
import { flops } from '../../src/problem/flops.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import { workload } from '../workloads.ts';
import { mockTarget } from './targets.ts';

const W = workload({ seqQuery: 64 });
const { signal } = new AbortController();
const OPTIONS = { data: { kind: 'normal', seed: 1 }, wallClock: false, firstRate: 1e9, signal } as const;
const ROWS = [{ batch: 0, queryHead: 0, row: 3 }];

/** scalar-flash, prepared whole on a target. */
async function prepareOn(target: Awaited<ReturnType<typeof mockTarget>>, compilesLate = false) {
  const pool = createHostPool();
  const run = createPreparedRun(W, target, pool, { ...OPTIONS, compilesLate });
  const program = findKernel('scalar-flash').build(W, target.environment);
  await run.prepare(program, wholeSlice(W, program.blockRows));
  return { run, pool };
}

describe('a prepared run', () => {
  it('knows from a run how long the next one will take', async () => {
    const { run } = await prepareOn(await mockTarget('rate=1e8'));
    expect(run.expectedSeconds).toBeCloseTo(flops(W) / 1e9, 12);
    await run.run();
    expect(run.expectedSeconds).toBeCloseTo(flops(W) / 1e8, 12);
  });

  it('expects as many passes of the next run as the last one had', async () => {
    const target = await mockTarget('rate=1e8', (host) => ({
      ...host,
      async run(id) {
        const { seconds, flops: once, clock } = await host.run(id);
        return { seconds: seconds * 50, flops: once * 50, clock };
      },
    }));
    const { run } = await prepareOn(target);
    const { seconds } = await run.run();
    expect(run.expectedSeconds).toBe(seconds);
    expect(run.rate).toBeCloseTo(1e8, 0);
  });

  it('is prepared and run again on a host that was opened since, before anything is read', async () => {
    const runs: number[] = [];
    const target = await mockTarget('rate=1e9', (host, count) => ({
      ...host,
      // Another contender brings the first host down.
      environment: () => (count === 1 ? Promise.reject(new Error('gone')) : host.environment()),
      run: (id) => {
        runs.push(count);
        return host.run(id);
      },
    }));
    const { run, pool } = await prepareOn(target);
    await run.run();
    await pool.check(target);
    const [row] = await run.read(ROWS);
    expect(row).toHaveLength(W.headDim);
    expect(runs).toEqual([1, 2]);
  });

  it('has nothing to run after an error was told', async () => {
    const { run } = await prepareOn(await mockTarget('rate=1e9'));
    await run.forget();
    expect(run.prepared).toBeUndefined();
    await expect(run.run()).rejects.toThrow('nothing is prepared');
  });
});

describe('a host that hangs', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  /** A target whose hosts never answer one method, until they are killed. */
  const hangingIn = async (method: 'run' | 'prepare' | 'read' | 'dispose') => {
    const state = { killed: false };
    const target = await mockTarget('rate=1e9', (host) => {
      let fail: (error: Error) => void = () => {};
      return {
        ...host,
        [method]: () =>
          new Promise((_, reject) => {
            fail = reject;
          }),
        kill() {
          state.killed = true;
          fail(new Error('SIGKILL'));
        },
      };
    });
    return { target, state };
  };

  it('is ended after 10 s and 10 times the estimate, and the call says so', async () => {
    const { target, state } = await hangingIn('run');
    const { run } = await prepareOn(target);
    const outcome = run.run().catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(9_900);
    expect(state.killed).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(state.killed).toBe(true);
    expect(await outcome).toMatch(/^no answer after 10 s/);
  });

  it('is given time to compile in the first run of a library', async () => {
    const { target, state } = await hangingIn('run');
    const { run } = await prepareOn(target, true);
    const outcome = run.run().catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(119_000);
    expect(state.killed).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(state.killed).toBe(true);
    expect(await outcome).toMatch(/^no answer after 120 s/);
  });

  it.each(['read', 'dispose'] as const)('is ended where it does not answer %s for a minute', async (method) => {
    const { target, state } = await hangingIn(method);
    const { run } = await prepareOn(target);
    await run.run();
    const call = method === 'read' ? run.read(ROWS) : run.dispose();
    const outcome = call.then(String, (error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(state.killed).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(state.killed).toBe(true);
    expect(await outcome).toMatch(new RegExp(`^no answer to '${method}' after 60 s`));
  });

  it('is given up even if its end is not told', async () => {
    const { target } = await hangingIn('read');
    const { run } = await prepareOn({ ...target, open: async () => ({ ...(await target.open()), kill: () => {} }) });
    const outcome = run.read(ROWS).then(String, (error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(await outcome).toMatch(/^no answer to 'read'/);
  });

  it('is ended in a search for ceilings too, which runs probes of known sizes', async () => {
    const { target, state } = await hangingIn('run');
    const probe = { ...scalarMultiplyAdd, expected: () => 0 };
    const outcome = fastestProbe(await target.open(), [probe], W, 2).then(String, (error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(61_000);
    expect(state.killed).toBe(true);
    expect(await outcome).toMatch(/^no answer after 60 s/);
  });

  it('may compile for minutes, and is ended after 10 of them, with another reason', async () => {
    const { target, state } = await hangingIn('prepare');
    const outcome = prepareOn(target).catch((error: Error) => error.message);
    await vi.advanceTimersByTimeAsync(599_000);
    expect(state.killed).toBe(false);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(state.killed).toBe(true);
    expect(await outcome).toMatch(/^not ready after 600 s, the most that compiling and filling tensors may take/);
  });
});
