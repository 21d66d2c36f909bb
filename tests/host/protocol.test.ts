/** Hosts behind messages: calls, errors, and the end of the other side. */

import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createMockHost, parseMockOptions } from '../../src/host/mock.ts';
import { spawnHost } from '../../src/host/node/spawn.ts';
import { chooseNodeVariant } from '../../src/host/node/wasm-children.ts';
import { answer, connect } from '../../src/host/protocol.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import { workload } from '../workloads.ts';

const W = workload({ seqQuery: 16 });
const REQUEST = {
  program: { kind: 'module', entry: 'scalar-flash', blockRows: 2 } as const,
  workload: W,
  slice: wholeSlice(W, 2),
  data: { kind: 'normal', seed: 1 } as const,
};

describe('messages', () => {
  it('carry calls and results', async () => {
    const host = createMockHost({ backend: 'scalar' }, parseMockOptions('rate=1e9'));
    const connection = connect((request) => {
      // As another process would see it: only what survives copying.
      void answer(host, structuredClone(request)).then((response) => connection.receive(structuredClone(response)));
    });
    const { id } = await connection.host.prepare(REQUEST);
    expect((await connection.host.run(id)).clock).toBe('mock');
    await expect(connection.host.run(99)).rejects.toThrow('nothing is prepared under number 99');
  });

  it('refuse methods that a host does not have', async () => {
    const host = createMockHost({ backend: 'scalar' }, parseMockOptions(''));
    const response = await answer(host, { call: 1, method: 'constructor' as 'run', args: [] });
    expect(response).toEqual({ call: 1, ok: false, message: "a host has no method 'constructor'" });
  });

  it('fail everything pending and everything later when the other side is gone', async () => {
    const connection = connect(() => {});
    const pending = connection.host.environment();
    connection.fail(new Error('it ended'));
    await expect(pending).rejects.toThrow('it ended');
    await expect(connection.host.run(1)).rejects.toThrow('it ended');
  });
});

/** Runs a child that writes as Dawn does, answers once, and dies; prints how its calls end. */
const TALKATIVE = `
import { spawnHost } from '../../src/host/node/spawn.ts';
const child = \`
process.stdout.write("to standard output\\\\n");
process.stderr.write("Warning: a limit was artificially reduced\\\\n");
process.on("message", ({ method }) => {
  if (method !== "run") return;
  process.stderr.write("something before\\\\nthe last words\\\\nWarning: another limit\\\\n", () => process.exit(3));
});\`;
const flags = ['--import', 'data:text/javascript,' + encodeURIComponent(child)];
const host = await spawnHost({ role: { backend: 'scalar' }, flags, env: {} });
await host.environment();
await host.run(1).catch((error) => console.log(error.message));
`;

describe('child processes', () => {
  it('run a kernel and answer again after an error', async () => {
    const host = await spawnHost({ role: { backend: 'scalar' }, flags: [], env: {} });
    const { id } = await host.prepare(REQUEST);
    await expect(host.run(id + 1)).rejects.toThrow('nothing is prepared');
    expect((await host.run(id)).seconds).toBeGreaterThan(0);
    await host.close();
  });

  it('fail their calls when killed, with the signal in the message', async () => {
    const host = await spawnHost({ role: { backend: 'scalar' }, flags: [], env: {} });
    const long = workload({ headDim: 128, seqQuery: 4096 });
    const { id } = await host.prepare({ ...REQUEST, workload: long, slice: wholeSlice(long, 2) });
    const running = host.run(id);
    setTimeout(() => host.kill(), 100);
    await expect(running).rejects.toThrow(/ended \(signal SIGKILL\)/);
  });

  it('say why a flag cannot be used', async () => {
    await expect(spawnHost({ role: { backend: 'scalar' }, flags: ['--no-such-flag'], env: {} })).rejects.toThrow(
      /exit code 9/,
    );
  });

  it('keep what they and their drivers write from the terminal, and tell the last of it when they die', () => {
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', TALKATIVE], {
      encoding: 'utf8',
      cwd: import.meta.dirname,
    });
    expect(stderr).toBe('');
    expect(stdout).toBe(
      'the process that ran it ended (exit code 3: the last words); the other kernels were measured without it\n',
    );
  });

  it('find a WebAssembly variant that gives right results, with the reason for the choice', async () => {
    const { variant, reason } = await chooseNodeVariant();
    expect(['simd', 'simd-relaxed', 'simd256']).toContain(variant);
    expect(reason).not.toBe('');
  });
});
