/** Where wgsl-matrix can run: what an adapter lists of its matrices, and why there is none for a workload. */

import { describe, expect, it } from 'vitest';
import type { SubgroupMatrix } from '../../kernels/device.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wgslMatrix } from '../../kernels/wgsl/matrix.ts';
import { readSubgroupMatrix } from '../../src/host/gpu/subgroup-matrix.ts';
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

  it('reads what an adapter lists', () => {
    const configs = [
      { componentType: 'f16', resultType: 'f16', M: 8, N: 8, K: 8 },
      { componentType: 'f16', resultType: 'f32', M: 16, N: 16, K: 16 },
      { componentType: 'i8', resultType: 'i32', M: 16, N: 16, K: 32 },
    ];
    expect(readSubgroupMatrix({ subgroupMaxSize: 32, subgroupMatrixConfigs: configs }, 'argument')).toEqual({
      shapes: [SQUARE],
      threads: 32,
      spelling: 'argument',
    });
    expect(readSubgroupMatrix({ subgroupMaxSize: 32, subgroupMatrixConfigs: [] }, 'template')).toBeUndefined();
    expect(readSubgroupMatrix({ subgroupMaxSize: 32, subgroupMatrixConfigs: configs }, undefined)).toBeUndefined();
  });
});
