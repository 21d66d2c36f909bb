/** Children that are stopped, killed, out of memory or without a thread, at every moment of a run: an error in time, and no process left. */

import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import { CONTROL } from '../../src/host/cpu/phases.ts';
import { wasmFlags } from '../../src/host/node/flags.ts';
import { spawnHost } from '../../src/host/node/spawn.ts';
import { createHostPool } from '../../src/host/pool.ts';
import { type HostRole, wasmRole } from '../../src/host/role.ts';
import { type OpenTarget, openTarget } from '../../src/host/target.ts';
import { ceilingsOf } from '../../src/measure/ceilings.ts';
import { createPreparedRun } from '../../src/measure/prepared-run.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import { workload } from '../workloads.ts';
import { faultyChild } from './faulty-child.ts';

const W = workload({ seqQuery: 300 });
const WASM = wasmRole('simd', 2);
const posix = it.skipIf(process.platform === 'win32');

/** Whether a process is there. */
function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** Until something is so, whatever the timers of the test are. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** A child that notes its number in a file and sends itself a signal when a condition on `message` holds. */
function signalled(signal: 'SIGSTOP' | 'SIGKILL', when: string) {
  const noted = join(mkdtempSync(join(tmpdir(), 'attnbench-test-')), 'pid');
  const { flags } = faultyChild(
    `if (${when}) { writeFileSync(${JSON.stringify(noted)}, String(process.pid)); process.kill(process.pid, '${signal}'); }`,
    "import { writeFileSync } from 'node:fs';",
  );
  return { flags, reached: () => until(() => existsSync(noted)), pid: () => Number(readFileSync(noted, 'utf8')) };
}

/** A target whose first child has these flags, and later ones none. */
async function targetOf(role: HostRole, flags: string[]): Promise<OpenTarget & { opened: () => number }> {
  let opened = 0;
  const own = role.backend === 'wasm' ? wasmFlags('simd') : [];
  const open = () => {
    opened += 1;
    return spawnHost({ role, flags: opened === 1 ? [...own, ...flags] : own, env: {} });
  };
  const target = await openTarget({ host: 'node', open });
  if (target.state === 'unavailable') throw new Error(target.reason);
  return { ...target, opened: () => opened };
}

/** A kernel prepared on a target. */
async function prepared(target: OpenTarget, name: 'wasm-flash' | 'scalar-flash') {
  const pool = createHostPool();
  const options = { data: { kind: 'normal', seed: 1 }, wallClock: false, firstRate: 1e9 } as const;
  const run = createPreparedRun(W, target, pool, { ...options, signal: new AbortController().signal });
  const program = findKernel(name).build(W, target.environment);
  await run.prepare(program, wholeSlice(W, program.blockRows));
  return { run, pool };
}

const messageOf = (promise: Promise<unknown>) => promise.then(String, (error: Error) => error.message);

describe('a child that is stopped', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  posix('while it opens is ended after two minutes', async () => {
    const { flags, reached, pid } = signalled('SIGSTOP', "message.backend === 'scalar'");
    const outcome = openTarget({
      host: 'node',
      open: () => spawnHost({ role: { backend: 'scalar' }, flags, env: {} }),
    });
    await reached();
    await vi.advanceTimersByTimeAsync(121_000);
    expect(await outcome).toMatchObject({
      state: 'unavailable',
      reason: expect.stringMatching(/^it did not open within 120 s/),
    });
    await until(() => !alive(pid()));
  });

  posix('while a limit is looked for is ended after a minute', async () => {
    const { flags, reached, pid } = signalled('SIGSTOP', "message.method === 'run'");
    const target = await targetOf(WASM, flags);
    const outcome = messageOf(ceilingsOf(target));
    await reached();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(await outcome).toMatch(/^no answer after 60 s/);
    await until(() => !alive(pid()));
  });

  posix('in a run is ended after ten seconds, and the next run is in another', async () => {
    const { flags, reached, pid } = signalled('SIGSTOP', "message.method === 'run'");
    const target = await targetOf({ backend: 'scalar' }, flags);
    const { run, pool } = await prepared(target, 'scalar-flash');
    const outcome = messageOf(run.run());
    await reached();
    await vi.advanceTimersByTimeAsync(11_000);
    expect(await outcome).toMatch(/^no answer after 10 s/);
    await until(() => !alive(pid()));
    await pool.check(target);
    expect((await run.run()).seconds).toBeGreaterThan(0);
    expect(target.opened()).toBe(2);
    await pool.close();
  });

  it('of which only a thread died is ended after ten seconds as well', async () => {
    // Once there is this file the thread ends where it would wait next: within the passes of the second run.
    const file = join(mkdtempSync(join(tmpdir(), 'dying-')), 'die');
    const dying = `import { existsSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
const wait = Atomics.wait;
if (!isMainThread)
  Atomics.wait = (...of) => { if (existsSync(${JSON.stringify(file)})) process.exit(0); return wait(...of); };`;
    const target = await targetOf(WASM, faultyChild('', dying).flags);
    const { run, pool } = await prepared(target, 'wasm-flash');
    expect((await run.run()).seconds).toBeGreaterThan(0);
    writeFileSync(file, '');
    const outcome = messageOf(run.run());
    // Ten seconds and ten times the first run, which takes as long as this machine needs.
    await vi.advanceTimersByTimeAsync(11_000 + 20_000 * run.expectedSeconds);
    expect(await outcome).toMatch(/^no answer after \d+ s/);
    await pool.close();
  });
});

describe('a child', () => {
  posix('that is killed while it opens, or while a limit is looked for, says so at once', async () => {
    const opening = signalled('SIGKILL', "message.backend === 'scalar'");
    const open = spawnHost({ role: { backend: 'scalar' }, flags: opening.flags, env: {} });
    expect(await messageOf(open)).toMatch(/ended \(signal SIGKILL\)/);
    const probed = signalled('SIGKILL', "message.method === 'run'");
    expect(await messageOf(ceilingsOf(await targetOf(WASM, probed.flags)))).toMatch(/ended \(signal SIGKILL\)/);
    expect([opening.pid(), probed.pid()].filter(alive)).toEqual([]);
  });

  it('says at once that a thread of it failed', async () => {
    // As a thread takes work.
    const failing = `import { isMainThread } from 'node:worker_threads';
const add = Atomics.add;
if (!isMainThread)
  Atomics.add = (of, at, by) => { if (at === ${CONTROL.next}) throw new Error('out of bounds'); return add(of, at, by); };`;
    const { run, pool } = await prepared(await targetOf(WASM, faultyChild('', failing).flags), 'wasm-flash');
    expect(await messageOf(run.run())).toMatch(/^a WebAssembly thread ended with an error/);
    await pool.close();
  });

  it('that runs out of memory says so, and the next one goes on', async () => {
    const full = "if (message.method === 'run') for (const all = []; ; ) all.push(Array(1e5).fill(all.length));";
    const target = await targetOf({ backend: 'scalar' }, ['--max-old-space-size=32', ...faultyChild(full).flags]);
    const { run, pool } = await prepared(target, 'scalar-flash');
    expect(await messageOf(run.run())).toMatch(/ended \((signal SIGABRT|exit code \d+): .*heap/);
    await pool.check(target);
    expect((await run.run()).seconds).toBeGreaterThan(0);
    await pool.close();
  });
});
