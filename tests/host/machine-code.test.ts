/** Machine code from its file to its end: what is opened, what a fault costs, any number of threads, and what is refused. */

import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { X64Program } from '../../kernels/kernel.ts';
import { x64Flash } from '../../kernels/x64/flash.ts';
import { at, op } from '../../kernels/x64/text/instruction.ts';
import { openBrowserTarget } from '../../src/host/browser-target.ts';
import { cacheFolder } from '../../src/host/node/cache-folder.ts';
import { nodeTarget } from '../../src/host/node/targets.ts';
import { spawnX64 } from '../../src/host/node/x64/choose-set.ts';
import { codeFile } from '../../src/host/node/x64/code-file.ts';
import { cpuFeatures } from '../../src/host/node/x64/x64-host.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import { allRows, runKernel } from '../kernels/harness.ts';
import { MACHINE_CODE } from '../machine-code.ts';
import { workload } from '../workloads.ts';

const BYTES = new Uint8Array([1, 2, 3]);
const OPTIONS = { threads: 1, variant: null, webgpu: { adapter: null, allowSoftware: false, limits: {} } };

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** An empty cache folder, in a fresh home. */
function freshCache(): string {
  vi.stubEnv('XDG_CACHE_HOME', mkdtempSync(join(tmpdir(), 'attnbench-test-')));
  return cacheFolder();
}

describe.runIf(process.platform === 'linux')('a file of machine code', () => {
  it('is named by what is in it, kept once, and no one else can write it or its folder', () => {
    freshCache();
    const fresh = codeFile(BYTES);
    const { mtimeMs, mode } = statSync(fresh);
    expect(mode & 0o777).toBe(0o500);
    expect(statSync(join(fresh, '..')).mode & 0o777).toBe(0o700);
    expect(codeFile(BYTES)).toBe(fresh);
    expect(statSync(fresh).mtimeMs).toBe(mtimeMs);
    expect(codeFile(new Uint8Array([1, 2, 4]))).not.toBe(fresh);
  });

  it('is written anew where something else stands under its name, and what was there is left as it is', () => {
    freshCache();
    const path = codeFile(BYTES);
    chmodSync(join(path, '..'), 0o777);
    chmodSync(path, 0o700);
    writeFileSync(path, 'not code');
    expect([...readFileSync(codeFile(BYTES))]).toEqual([...BYTES]);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    // A link is replaced, even to the right bytes: others may write them.
    const other = join(mkdtempSync(join(tmpdir(), 'attnbench-test-')), 'other');
    writeFileSync(other, BYTES);
    rmSync(path);
    symlinkSync(other, path);
    expect(lstatSync(codeFile(BYTES)).isFile()).toBe(true);
    expect(readdirSync(join(path, '..')).filter((name) => /\.so\./.test(name))).toEqual([]);
  });

  it('lies in a temporary folder where the cache folder cannot be made, and is refused where that cannot either', () => {
    const home = mkdtempSync(join(tmpdir(), 'attnbench-test-'));
    const file = join(home, 'file');
    writeFileSync(file, '');
    vi.stubEnv('XDG_CACHE_HOME', file);
    vi.stubEnv('TMPDIR', home);
    const path = codeFile(BYTES);
    expect(path.startsWith(home)).toBe(true);
    expect(existsSync(path)).toBe(true);
    vi.stubEnv('TMPDIR', join(file, 'none'));
    expect(() => codeFile(BYTES)).toThrow(/set XDG_CACHE_HOME or TMPDIR$/);
  });

  it('goes when it is old and there are many', () => {
    const folder = join(freshCache(), 'code');
    mkdirSync(folder, { recursive: true });
    for (let i = 0; i < 400; i += 1) writeFileSync(join(folder, `${i}.so`), '');
    const path = codeFile(BYTES);
    const left = readdirSync(folder);
    expect(left.length).toBeLessThan(400);
    expect(existsSync(path)).toBe(true);
  });
});

describe('machine code is refused', () => {
  it('where it is turned off', async () => {
    const target = await nodeTarget({ backend: 'native' }, { ...OPTIONS, native: 'off' });
    expect(target).toMatchObject({ state: 'unavailable', reason: 'machine code is turned off by --native off' });
  });

  it.each(['darwin', 'win32'] as const)('on %s', (platform) => {
    vi.spyOn(process, 'platform', 'get').mockReturnValue(platform);
    expect(() => cpuFeatures()).toThrow(
      /^machine code is emitted for Linux on x86-64 only, and this is .*; WebAssembly/,
    );
  });

  it('in a browser, without opening one', async () => {
    const open = vi.fn();
    const target = await openBrowserTarget({ backend: 'native' }, open, {
      ...OPTIONS,
      browser: 'a browser',
      cpu: null,
      number: null,
    });
    expect(target).toMatchObject({ state: 'unavailable', reason: expect.stringMatching(/no machine code/) });
    expect(open).not.toHaveBeenCalled();
  });
});

describe.runIf(MACHINE_CODE.runs.length > 0)('machine code in a child', () => {
  const W = workload({ seqQuery: 300, seqKv: 300, queryHeads: 2, mask: 'causal' });

  it('that faults ends the child with its signal; another one runs', async () => {
    const faulty = await spawnX64('avx2', 1);
    const built = x64Flash.build(W, await faulty.environment()) as X64Program;
    // attend begins by a store to the page at address 0.
    const code = [
      { label: 'attend' },
      op('xor', 'rax', 'rax'),
      op('mov', at('rax'), 'rax'),
      { label: 'pack' },
      op('ret'),
    ];
    const { id } = await faulty.prepare({
      program: { ...built, code },
      workload: W,
      slice: wholeSlice(W, built.blockRows),
      data: { kind: 'normal', seed: 1 },
    });
    await expect(faulty.run(id)).rejects.toThrow(/SIGSEGV/);
    const host = await spawnX64('avx2', 2);
    expect(await runKernel(host, x64Flash, W)).toMatchOracle();
    await host.close();
  });

  it('gives the same bits on 1, 2 and 3 threads', async () => {
    const outputs = [];
    for (const threads of [1, 2, 3]) {
      const host = await spawnX64('avx2', threads);
      outputs.push((await runKernel(host, x64Flash, W, { rows: allRows(W) })).outputs);
      await host.close();
    }
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[2]).toEqual(outputs[0]);
  });
});
