/** The probes of subgroup matrices do the work that they claim: with matrices emulated, and with the device's own where it has some. */

import { expect, it } from 'vitest';
import { matrixProbes } from '../../../kernels/ceilings/wgsl-matrix.ts';
import type { SubgroupMatrix } from '../../../kernels/device.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import { fastestProbe, probeWorkload } from '../../../src/measure/ceilings.ts';
import { APPLE, INTEL } from '../matrix-features.ts';
import { describeOnGpu } from './software-gpu.ts';

const W = probeWorkload(48, 128, 32);

await describeOnGpu('matrix products', (host) => {
  it.each([
    { threads: 16, shape: APPLE },
    { threads: 32, shape: INTEL },
  ])('of emulated matrices of $shape.m x $shape.n x $shape.k add up', async ({ threads, shape }) => {
    const subgroupMatrix: SubgroupMatrix = { threads, shapes: [shape], spelling: 'emulated' };
    const features = { ...TYPICAL_DEVICE.features, subgroupMatrix };
    const probes = matrixProbes({ ...TYPICAL_DEVICE, features });
    expect(probes.map(({ name }) => name)).toEqual([
      `wgsl-matrix-products-${shape.component}-${shape.m}x${shape.n}x${shape.k}`,
    ]);
    // Throws where the result is not the one that the work gives.
    expect((await fastestProbe(host, probes, W, 1)).rate).toBeGreaterThan(0);
  });

  it("of the device's own matrices add up, where it has some", async ({ skip }) => {
    const probes = matrixProbes(await host.environment());
    if (probes.length === 0) skip('this adapter has no subgroup matrices');
    for (const probe of probes) expect((await fastestProbe(host, [probe], W, 1)).rate).toBeGreaterThan(0);
  });
});
