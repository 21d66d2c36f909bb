/** Machine code on its host: what a fault costs, any number of threads, and what is refused. */

import { afterEach, describe, expect, it, vi } from 'vitest';
import type { X64Program } from '../../kernels/kernel.ts';
import { x64Flash } from '../../kernels/x64/flash.ts';
import { at, op } from '../../kernels/x64/text/instruction.ts';
import { openBrowserTarget } from '../../src/host/browser-target.ts';
import { nodeTarget } from '../../src/host/node/targets.ts';
import { spawnX64 } from '../../src/host/node/x64/choose-set.ts';
import { cpuFeatures } from '../../src/host/node/x64/x64-host.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import { allRows, runKernel } from '../kernels/harness.ts';
import { MACHINE_CODE } from '../machine-code.ts';
import { workload } from '../workloads.ts';

const OPTIONS = { threads: 1, variant: null, webgpu: { adapter: null, allowSoftware: false, limits: {} } };

afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
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
