/** Which of a device's subgroup matrices wgsl-matrix uses for a workload, and the blocks that fit its workgroup memory. */

import type { Workload } from '../../src/problem/workload.ts';
import type { DeviceProfile, SubgroupMatrixShape } from '../device.ts';
import type { MatrixSpelling } from './matrix-text.ts';

/** The sizes that wgsl-matrix is emitted for. */
export interface MatrixPlan {
  shape: SubgroupMatrixShape;
  spelling: MatrixSpelling;
  /** Invocations of a workgroup: one subgroup. */
  threads: number;
  /** Query rows of a work tile, a multiple of the shape's m. */
  blockRows: number;
  /** Keys of a block, a multiple of its n and k. */
  keys: number;
}

/** Bytes of workgroup memory of a plan. */
const workgroupBytes = ({ shape: { m, n, component }, threads, blockRows, keys }: MatrixPlan, headDim: number) => {
  const bytes = component === 'f32' ? 4 : 2;
  const lanes = Math.max(1, threads / blockRows);
  return (
    Math.max(keys, blockRows) * headDim * bytes + // q, then K and V in turns
    blockRows * keys * (4 + bytes) + // scores and weights
    m * n * 4 +
    blockRows * (lanes + 1) * 4 +
    4
  );
};

/** What fits the device, or undefined. f32 tensors are never rounded to f16; f16 ones are multiplied as f16 where there is a choice. */
export function matrixPlan(w: Workload, { features, limits }: DeviceProfile): MatrixPlan | undefined {
  const offered = features.subgroupMatrix;
  if (offered === undefined) return undefined;
  const { threads, spelling } = offered;
  const wanted = w.dtype === 'f16' && features.f16 ? ['f16', 'f32'] : ['f32'];
  const plans = wanted
    .flatMap((component) => offered.shapes.filter((shape) => shape.component === component))
    .filter(({ n, k }) => n % 4 === 0 && w.headDim % n === 0 && w.headDim % k === 0)
    .flatMap((shape) => {
      // Beyond head dimension 128 the registers of a lane hold the output of so many rows only.
      const blockRows = w.headDim <= 128 ? Math.max(16, shape.m) : shape.m;
      const sizes = [32, 16, 8].filter((keys) => keys % shape.n === 0 && keys % shape.k === 0);
      return sizes.map((keys): MatrixPlan => ({ shape, spelling, threads, blockRows, keys }));
    });
  return plans.find((plan) => workgroupBytes(plan, w.headDim) <= Math.min(16384, limits.workgroupMemoryBytes));
}
