/** The WGSL kernels on this machine's GPU, or on the software adapter of the development install. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  wgslExponential,
  wgslMemoryReads,
  wgslMultiplyAdd,
  wgslMultiplyAddF16,
  wgslWorkgroupReads,
} from '../../../kernels/ceilings/wgsl.ts';
import { ABLATIONS, findKernel } from '../../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import type { Host } from '../../../src/host/contract.ts';
import { spawnHost } from '../../../src/host/node/spawn.ts';
import { softwareEnvironment } from '../../../src/host/node/targets.ts';
import { fastestProbe, probeWorkload } from '../../../src/measure/ceilings.ts';
import { describe as describeWorkload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases } from '../adversarial.ts';
import { SHAPES } from '../cases.ts';
import { allRows, runKernel } from '../harness.ts';

const options = { adapter: null, allowSoftware: true, limits: {} };

async function openHost(): Promise<Host | string> {
  try {
    const env = await softwareEnvironment(true);
    return await spawnHost({ role: { backend: 'webgpu', options }, flags: [], env });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const opened = await openHost();
if (typeof opened === 'string') process.stderr.write(`WebGPU tests are skipped: ${opened}\n`);

describe.skipIf(typeof opened === 'string')('WGSL kernels', () => {
  const host = opened as Host;
  afterAll(() => host.close());

  describe.each(['wgsl-flash', 'wgsl-rows', 'wgsl-naive'].map(findKernel))('$name', (kernel) => {
    it.each(SHAPES.map((w) => ({ name: describeWorkload(w), w })))('$name', async ({ w }) => {
      const result = await runKernel(host, kernel, w);
      expect(result).toMatchOracle();
    });

    it.each(adversarialCases())('$name', async ({ workload: w, data, heads }) => {
      const rows = allRows(w).filter(({ queryHead }) => heads?.includes(queryHead) ?? true);
      const result = await runKernel(host, kernel, w, { data, rows });
      expect(result).toMatchOracle();
    });

    // Halves in memory; packed in pairs where the device has no type for them, which is what a software adapter runs.
    const halves = SHAPES.filter(({ headDim, seqQuery }) => headDim === 64 || seqQuery === 131).map((w) => ({
      ...w,
      dtype: 'f16' as const,
    }));
    it.each(halves.map((w) => ({ name: describeWorkload(w), w })))('f16: $name', async ({ w }) => {
      const result = await runKernel(host, kernel, w);
      expect(result).toMatchOracle();
      // And no better than rounding allows: an f32 result would be.
      expect(result.maxRelativeError).toBeGreaterThan(1e-5);
    });

    // One kernel: what halves lose is lost on the way into it.
    it
      .runIf(kernel.name === 'wgsl-flash')
      .each(adversarialCases().filter(({ name }) => !/60000|far below|1e30/.test(name)))(
      'f16: $name',
      async ({ workload: w, data, heads }) => {
        const half = { ...w, dtype: 'f16' as const };
        const rows = allRows(half).filter(({ queryHead }) => heads?.includes(queryHead) ?? true);
        const result = await runKernel(host, kernel, half, { data, rows });
        expect(result).toMatchOracle();
      },
    );

    it('gives a slice the results of the whole', async () => {
      const w = workload({ headDim: 64, seqQuery: 420, queryHeads: 4, kvHeads: 2, mask: 'causal' });
      const { blockRows } = kernel.build(w, await host.environment());
      const rows = [1, 3].flatMap((block) =>
        [0, 1].map((queryHead) => ({ batch: 0, queryHead, row: block * blockRows })),
      );
      const runs = [
        { start: 1, count: 1 },
        { start: 3, count: 1 },
      ];
      const { outputs: part } = await runKernel(host, kernel, w, {
        rows,
        slice: () => ({ batches: 1, kvHeads: 1, blockRows, runs }),
      });
      expect(part).toEqual((await runKernel(host, kernel, w, { rows })).outputs);
    });
  });

  describe.each(ABLATIONS.filter(({ backend }) => backend === 'webgpu'))('$name', (kernel) => {
    // One head dimension: a software adapter takes seconds to compile each.
    it.each(SHAPES.filter(({ headDim }) => headDim === 64).map((w) => ({ name: describeWorkload(w), w })))(
      '$name',
      async ({ w }) => {
        const result = await runKernel(host, kernel, w);
        expect(result).toMatchOracle();
      },
    );
  });

  describe('ceilings', () => {
    const probes = [wgslMultiplyAdd, wgslExponential, wgslWorkgroupReads, wgslMemoryReads];
    it.each(probes)('$name does the work that it claims', async (probe) => {
      // Throws where the result is not the one that the work gives.
      const found = await fastestProbe(host, [probe], probeWorkload(128, 256, 64), 2);
      expect(found.rate).toBeGreaterThan(0);
    });

    it('a probe that skips work is found', async () => {
      const lazy = { ...wgslMultiplyAdd, build: wgslExponential.build };
      await expect(fastestProbe(host, [lazy], probeWorkload(128, 256, 64), 1)).rejects.toThrow(/cannot be trusted/);
    });

    it('f16 multiply-adds run where the device has them, and are said to need them elsewhere', async (context) => {
      const { features } = await host.environment();
      const [pass] = (
        wgslMultiplyAddF16.build(probeWorkload(128, 256, 64), TYPICAL_DEVICE) as {
          passes: { code: string }[];
        }
      ).passes;
      expect(pass?.code.startsWith('enable f16;\n')).toBe(true);
      if (!features.f16) return context.skip('this adapter has no shader-f16');
      await fastestProbe(host, [wgslMultiplyAddF16], probeWorkload(128, 256, 64), 2);
    });
  });

  it('runs tensors above the limit in parts, every head right', async () => {
    // 2 x 6 query heads over 2 x 3 KV heads; the limit holds one KV head of one batch.
    const w = workload({ batch: 2, queryHeads: 6, kvHeads: 3, headDim: 64, seqQuery: 200, mask: 'causal' });
    const limits = { maxStorageBufferBindingSize: 4 * 200 * 2 * 64 };
    const env = await softwareEnvironment(true);
    const small = await spawnHost({ role: { backend: 'webgpu', options: { ...options, limits } }, flags: [], env });
    try {
      const result = await runKernel(small, findKernel('wgsl-flash'), w);
      expect(result).toMatchOracle();
      const tooLong = workload({ headDim: 64, seqQuery: 8192 });
      await expect(runKernel(small, findKernel('wgsl-flash'), tooLong)).rejects.toThrow(/one KV head/);
    } finally {
      await small.close();
    }
  });

  it('tells its clock, its quantum and its limits', async () => {
    const { device, deviceLimits } = await host.environment();
    expect(device.backend).toBe('webgpu');
    expect(device.clock.quantumSeconds).toBeGreaterThan(0);
    expect(deviceLimits['maxBufferSize']).toBeGreaterThan(2 ** 27);
  });

  it('answers a program that does not compile with the compiler’s words', async () => {
    const passes = [
      { label: 'broken', code: '@compute @workgroup_size(1) fn main() { nonsense(); }', workgroupsPerTile: 1 },
    ];
    await expect(host.compile({ kind: 'wgsl', passes, blockRows: 1, scratchBytesPerTile: 0 })).rejects.toThrow(
      /nonsense/,
    );
  });
});

describe('without permission for software', () => {
  let environment: Promise<unknown>;
  beforeAll(() => {
    environment = softwareEnvironment(false);
    environment.catch(() => {});
  });
  it('says that there is no hardware adapter, unless there is one', async () => {
    const reason = await environment.then(
      () => 'hardware',
      (error: Error) => error.message,
    );
    expect(reason).toMatch(/^hardware$|^no hardware WebGPU adapter here/);
  });
});
