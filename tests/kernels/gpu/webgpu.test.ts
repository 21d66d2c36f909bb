/** The WGSL kernels on this machine's GPU, or on the software adapter of the development install. */

import { describe, expect, it } from 'vitest';
import {
  wgslBankConflicts,
  wgslCacheReads,
  wgslExponential,
  wgslMemoryReads,
  wgslMultiplyAdd,
  wgslMultiplyAddF16,
  wgslWorkgroupReads,
} from '../../../kernels/ceilings/wgsl.ts';
import { findKernel } from '../../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import { softwareEnvironment } from '../../../src/host/node/targets.ts';
import { fastestProbe, probeWorkload } from '../../../src/measure/ceilings.ts';
import { messageOf } from '../../../src/messages.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases, adversarialHalves } from '../adversarial.ts';
import { HALF_SHAPES, SHAPES } from '../cases.ts';
import { configured, runKernel, testInputs, testShapes, testSlice } from '../harness.ts';
import { SMALL } from '../small-configuration.ts';
import { describeOnGpu, openSoftwareGpu } from './software-gpu.ts';

const flash = findKernel('wgsl-flash');
const smallFlash = configured(flash, SMALL);

await describeOnGpu(
  'WGSL kernels',
  (host) => {
    const get = () => host;

    // A software adapter compiles the shipped configurations for five to ten seconds each, and the small one in one: it goes through the
    // whole matrix, the shipped ones through the shapes and inputs of two head dimensions. More of them in wgsl-configurations.test.ts.
    describe('wgsl-flash as it is shipped', () => {
      testShapes(
        flash,
        get,
        SHAPES.filter(({ headDim }) => headDim === 32 || headDim === 256),
      );
      testInputs(flash, get, adversarialCases());
      testShapes(
        flash,
        get,
        HALF_SHAPES.filter(({ headDim }) => headDim === 64),
      );
    });

    describe.each([
      { name: 'wgsl-flash in a small configuration', kernel: smallFlash },
      ...['wgsl-rows', 'wgsl-naive'].map((name) => ({ name, kernel: findKernel(name) })),
    ])('$name', ({ kernel }) => {
      testShapes(kernel, get, SHAPES);
      testInputs(kernel, get, adversarialCases());
      testSlice(kernel, get, workload({ headDim: 64, queryHeads: 16, kvHeads: 2, mask: 'causal' }));
      // Halves in memory; packed in pairs where the device has no type for them, which is what a software adapter runs.
      testShapes(kernel, get, HALF_SHAPES);
      testInputs(kernel, get, adversarialHalves());

      it('rounds its output to halves where that is asked for', async () => {
        const result = await runKernel(host, kernel, workload({ seqQuery: 65, dtype: 'f16' }));
        expect(result).toMatchOracle();
        // An f32 result would be better than this.
        expect(result.maxRelativeError).toBeGreaterThan(1e-5);
      });
    });

    // Blocks have 8 rows, and in wgsl-rows 64.
    describe('groups of more query heads than a block has rows', () => {
      const shapes = (group: number) => [
        workload({ queryHeads: 2 * group, kvHeads: 2, batch: 2, seqQuery: 1, seqKv: 100 }),
        workload({ queryHeads: group, kvHeads: 1, seqQuery: 5, seqKv: 40, mask: 'causal', sinks: true }),
      ];
      testShapes(smallFlash, get, shapes(12));
      testShapes(findKernel('wgsl-rows'), get, shapes(128));
    });

    describe('ceilings', () => {
      const reads = [wgslWorkgroupReads, wgslBankConflicts, wgslCacheReads, wgslMemoryReads];
      const probes = [wgslMultiplyAdd, wgslExponential, ...reads];
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
        const program = wgslMultiplyAddF16.build(probeWorkload(128, 256, 64), TYPICAL_DEVICE);
        expect(program.kind === 'wgsl' && program.passes[0]?.code.startsWith('enable f16;\n')).toBe(true);
        const { features } = await host.environment();
        if (!features.f16) return context.skip('this adapter has no shader-f16');
        await fastestProbe(host, [wgslMultiplyAddF16], probeWorkload(128, 256, 64), 2);
      });
    });

    it('runs tensors above the limit in parts, every head right', async () => {
      // 2 x 6 query heads over 2 x 3 KV heads; the limit holds one KV head of one batch.
      const w = workload({ batch: 2, queryHeads: 6, kvHeads: 3, seqQuery: 100, mask: 'causal' });
      const limits = { maxStorageBufferBindingSize: 4 * 100 * 2 * 32 };
      const small = await openSoftwareGpu({ limits });
      try {
        expect(await runKernel(small, smallFlash, w)).toMatchOracle();
        const tooLong = workload({ headDim: 64, seqQuery: 8192 });
        await expect(runKernel(small, smallFlash, tooLong)).rejects.toThrow(/one KV head/);
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
  },
  { untimed: false },
);

describe('without permission for software', () => {
  it('says that there is no hardware adapter, unless there is one', async () => {
    const reason = await softwareEnvironment(false).then(() => 'hardware', messageOf);
    expect(reason).toMatch(/^hardware$|^no hardware WebGPU adapter here/);
  });
});
