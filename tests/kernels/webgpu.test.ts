/** The WGSL kernels on this machine's GPU, or on the software adapter of the development install. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import type { Host } from '../../src/host/host.ts';
import { softwareEnvironment } from '../../src/host/node/places.ts';
import { spawnHost } from '../../src/host/node/spawn.ts';
import { describe as describeWorkload } from '../../src/workload.ts';
import { workload } from '../workloads.ts';
import { adversarialCases } from './adversarial.ts';
import { SHAPES } from './cases.ts';
import { allRows, runKernel } from './harness.ts';

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

  describe.each(['wgsl-flash', 'wgsl-naive'].map(findKernel))('$name', (kernel) => {
    it.each(SHAPES.map((w) => ({ name: describeWorkload(w), w })))('$name', async ({ w }) => {
      const result = await runKernel(host, kernel, w);
      expect(result.maxRelativeError).toBeLessThan(result.tolerance);
    });

    it.each(adversarialCases())('$name', async ({ workload: w, data, heads }) => {
      const rows = allRows(w).filter(({ queryHead }) => heads?.includes(queryHead) ?? true);
      const result = await runKernel(host, kernel, w, { data, rows });
      expect(result.maxRelativeError).toBeLessThan(result.tolerance);
    });

    it('gives a slice the results of the whole', async () => {
      const w = workload({ headDim: 64, seqQuery: 260, queryHeads: 4, kvHeads: 2, mask: 'causal' });
      const { blockRows } = kernel.build(w, { relaxedSimd: false, simd256: false, f16: false });
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

  it('tells its clock, its quantum and its limits', async () => {
    const { device, deviceLimits } = await host.environment();
    expect(device.backend).toBe('webgpu');
    expect(device.clock.quantumSeconds).toBeGreaterThan(0);
    expect(deviceLimits['maxBufferSize']).toBeGreaterThan(2 ** 27);
  });

  it('answers a program that does not compile with the compiler’s words', async () => {
    const passes = [
      { label: 'broken', code: '@compute @workgroup_size(1) fn main() { nonsense(); }', workgroupsPerUnit: 1 },
    ];
    await expect(host.compile({ kind: 'wgsl', passes, blockRows: 1, scratchBytesPerUnit: 0 })).rejects.toThrow(
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
