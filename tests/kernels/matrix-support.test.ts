/** Where wgsl-matrix can run, and why it cannot for a workload. */

import { describe, expect, it } from 'vitest';
import type { SubgroupMatrix } from '../../kernels/device.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wgslMatrix } from '../../kernels/wgsl/matrix.ts';
import { workload } from '../workloads.ts';
import { APPLE, SQUARE } from './matrix-features.ts';

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
    expect(reason(workload({ headDim: 64, dtype: 'f16' }), offers([SQUARE]), true)).toBeUndefined();
    expect(reason(workload({ headDim: 64, dtype: 'f16' }), offers([SQUARE]))).toMatch(/multiply f16/);
  });
});
