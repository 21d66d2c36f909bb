/** Subgroup matrices as devices offer them, for tests of wgsl-matrix. */

import type { DeviceProfile, SubgroupMatrix } from '../../kernels/device.ts';
import type { Configuration, Kernel } from '../../kernels/kernel.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wgslMatrix } from '../../kernels/wgsl/matrix.ts';
import type { Dtype, Workload } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

/** Of Apple's GPUs; of NVIDIA's and AMD's; of Intel's. */
export const APPLE = { m: 8, n: 8, k: 8, component: 'f32' } as const;
export const SQUARE = { m: 16, n: 16, k: 16, component: 'f16' } as const;
export const INTEL = { m: 8, n: 16, k: 16, component: 'f16' } as const;

/** wgsl-matrix in a configuration, with matrices in plain WGSL. */
export function emulated(matrix: Omit<SubgroupMatrix, 'spelling'>, configuration: Configuration): Kernel {
  const { tunable } = wgslMatrix;
  if (tunable === undefined) throw new RangeError('wgsl-matrix has configurations');
  const withMatrices = ({ limits, features }: DeviceProfile): DeviceProfile => ({
    limits,
    features: { ...features, subgroupMatrix: { ...matrix, spelling: 'emulated' } },
  });
  return {
    ...wgslMatrix,
    unsupported: (w, device) => tunable.problem(configuration, w, withMatrices(device)),
    build: (w, device) => tunable.build(configuration, w, withMatrices(device)),
  };
}

/** The text of wgsl-matrix on a device with shader-f16 and matrices of this shape. */
export function matrixCode(
  spelling: SubgroupMatrix['spelling'],
  shape: SubgroupMatrix['shapes'][number],
  dtype: Dtype,
  changes: Partial<Workload>,
  vendor?: string,
): string {
  const subgroupMatrix = { shapes: [shape], threads: 32, spelling };
  const features = { ...TYPICAL_DEVICE.features, f16: true, vendor, subgroupMatrix };
  const w = workload({ dtype, queryHeads: 4, kvHeads: 2, ...changes });
  const program = wgslMatrix.build(w, { ...TYPICAL_DEVICE, features });
  if (program.kind !== 'wgsl') throw new TypeError('wgsl-matrix is WGSL');
  return program.passes.map(({ code }) => code).join('\n');
}
