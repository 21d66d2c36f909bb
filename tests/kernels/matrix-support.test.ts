/** Where wgsl-matrix can run, why it cannot for a workload, and whether what is shipped fits the registers. */

import { describe, expect, it } from 'vitest';
import type { SubgroupMatrix } from '../../kernels/device.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wgslMatrix } from '../../kernels/wgsl/matrix.ts';
import { floatsOfLane } from '../../kernels/wgsl/matrix-configuration.ts';
import { shippedMatrixPlan } from '../../kernels/wgsl/matrix-plan.ts';
import { workload } from '../workloads.ts';
import { APPLE, INTEL, SQUARE } from './matrix-features.ts';

describe('where the feature is not offered, or offers no such shape', () => {
  const reason = (w: ReturnType<typeof workload>, subgroupMatrix?: SubgroupMatrix, f16 = false) =>
    wgslMatrix.unsupported(w, {
      ...TYPICAL_DEVICE,
      features: { ...TYPICAL_DEVICE.features, f16, ...(subgroupMatrix === undefined ? {} : { subgroupMatrix }) },
    });
  const offers = (shapes: SubgroupMatrix['shapes']): SubgroupMatrix => ({ shapes, threads: 32, spelling: 'template' });

  it('says why', () => {
    const f32 = workload({ headDim: 64 });
    expect(reason(f32)).toMatch(/experimental feature/);
    // f32 tensors are not rounded to f16.
    expect(reason(f32, offers([SQUARE]))).toMatch(/no subgroup matrices that multiply f32/);
    expect(reason(workload({ headDim: 48 }), offers([APPLE]))).toBeUndefined();
    // Filled up with zeros, but for 257 dims and more.
    for (const headDim of [1, 20, 30, 250]) expect(reason(workload({ headDim }), offers([APPLE]))).toBeUndefined();
    expect(reason(workload({ headDim: 192, headDimV: 128 }), offers([APPLE]))).toBeUndefined();
    expect(reason(workload({ headDim: 192, headDimV: 512 }), offers([APPLE]))).toMatch(/to 256, not 512/);
    expect(reason(workload({ headDim: 64, dtype: 'f16' }), offers([SQUARE]), true)).toBeUndefined();
    expect(reason(workload({ headDim: 64, dtype: 'f16' }), offers([SQUARE]))).toMatch(/multiply f16/);
  });
});

describe('the shipped configuration', () => {
  const EIGHTS = { ...APPLE, component: 'f16' } as const;
  it.each([
    { vendor: 'apple', threads: 32, shape: APPLE, dtype: 'f32' as const, most: 80, team: 2 },
    { vendor: 'apple', threads: 32, shape: APPLE, dtype: 'f16' as const, most: 80, team: 1 },
    { vendor: 'apple', threads: 32, shape: EIGHTS, dtype: 'f16' as const, most: 80, team: 2 },
    { vendor: 'intel', threads: 16, shape: INTEL, dtype: 'f16' as const, most: 48, team: 2 },
    { vendor: 'nvidia', threads: 32, shape: SQUARE, dtype: 'f16' as const, most: 192, team: 1 },
  ])(
    'fits the registers of $vendor, $dtype by matrices of $shape.component',
    ({ vendor, threads, shape, dtype, most, team }) => {
      const subgroupMatrix: SubgroupMatrix = { threads, shapes: [shape], spelling: 'template' };
      const device = { ...TYPICAL_DEVICE, features: { ...TYPICAL_DEVICE.features, f16: true, vendor, subgroupMatrix } };
      for (const headDim of [64, 128, 256]) {
        const w = workload({ headDim, seqQuery: 1024, dtype });
        const plan = shippedMatrixPlan(w, device);
        if (plan === undefined) throw new RangeError('wgsl-matrix runs there');
        expect(floatsOfLane(plan), `${headDim}`).toBeLessThanOrEqual(most);
        expect(plan.config.team, `${headDim}`).toBeGreaterThanOrEqual(team);
      }
    },
  );
});
