/** wgsl-flash where a row's threads tell each other their maxima by subgroup operations, and where a device is known to allow it. */

import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../../kernels/kernel.ts';
import { emitWgslFlash, wgslFlash } from '../../../kernels/wgsl/flash.ts';
import { rowDimsOf } from '../../../kernels/wgsl/row-dims.ts';
import { exchangeOf } from '../../../kernels/wgsl/softmax.ts';
import { storageOf } from '../../../kernels/wgsl/storage.ts';
import { ONE_HEAD } from '../../../kernels/wgsl/work-tiles.ts';
import { linearSubgroups } from '../../../src/host/gpu/subgroup-layout.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases } from '../adversarial.ts';
import { testInputs, testShapes } from '../harness.ts';
import { SMALL } from '../small-configuration.ts';
import { describeOnGpu } from './software-gpu.ts';

await describeOnGpu('subgroups that lie in order', (host) => {
  it('are found on SwiftShader, four invocations each, and on llvmpipe, eight', async (context) => {
    const { device, features } = await host.environment();
    if (!device.software) return context.skip('the hardware adapter here may lay them out in any way');
    expect(features.linearSubgroups).toBe(device.name.includes('SwiftShader') ? 4 : 8);
    expect(exchangeOf(SMALL, features)).toBe('subgroups');
  });

  // Four threads of a row: lanes side by side on either. Elsewhere the same kernel exchanges by memory.
  const build: Kernel['build'] = (w, { features }) =>
    emitWgslFlash(rowDimsOf(w), SMALL, storageOf(w.dtype, features), ONE_HEAD, exchangeOf(SMALL, features));
  const kernel: Kernel = { ...wgslFlash, build };
  testShapes(kernel, () => host, [
    workload({ seqQuery: 71, mask: 'causal' }),
    workload({ seqQuery: 37, seqKv: 140 }),
    workload({ seqQuery: 90, window: 40 }),
  ]);
  testInputs(kernel, () => host, adversarialCases());
});

describe('a device whose subgroups', () => {
  it('may be of several sizes is not asked how they lie', async () => {
    const device = { features: new Set(['subgroups']) } as unknown as GPUDevice;
    expect(await linearSubgroups(device, { subgroupMinSize: 32, subgroupMaxSize: 64 })).toBeUndefined();
    expect(await linearSubgroups(device, { subgroupMinSize: 0, subgroupMaxSize: 0 })).toBeUndefined();
  });
});
