/**
 * Subgroup matrices, an experimental feature of Chromium and Dawn: which shapes a device has, and how its compiler
 * spells them.
 */

import type { SubgroupMatrix } from '../../../kernels/device.ts';
import { MATRIX_DIRECTIVE, type MatrixSpelling, matrixText } from '../../../kernels/wgsl/matrix-text.ts';

/** The feature's name. */
export const SUBGROUP_MATRIX = 'chromium-experimental-subgroup-matrix';

/** What Chromium adds to an adapter's info with that feature. */
interface MatrixInfo {
  subgroupMaxSize?: number;
  subgroupMatrixConfigs?: { componentType: string; resultType: string; M: number; N: number; K: number }[];
}

/** The shapes that kernels can use, as an adapter lists them; undefined where there are none. */
export function readSubgroupMatrix(info: MatrixInfo, spelling: MatrixSpelling | undefined): SubgroupMatrix | undefined {
  const shapes = (info.subgroupMatrixConfigs ?? []).flatMap(({ componentType, resultType, M, N, K }) =>
    resultType === 'f32' && (componentType === 'f32' || componentType === 'f16')
      ? [{ m: M, n: N, k: K, component: componentType as 'f32' | 'f16' }]
      : [],
  );
  const threads = info.subgroupMaxSize ?? 0;
  return spelling === undefined || shapes.length === 0 || threads === 0 ? undefined : { shapes, threads, spelling };
}

/** The spelling of subgroup matrices that a device's compiler takes, found by compiling one load in each. */
export async function findSpelling(device: GPUDevice): Promise<MatrixSpelling | undefined> {
  for (const spelling of ['template', 'argument'] as const) {
    const array = { name: 'values', component: 'f32', length: 64 } as const;
    const load = matrixText({ m: 8, n: 8, k: 8, component: 'f32' }, spelling, 64).load('left', array, '0u', 8);
    device.pushErrorScope('validation');
    device.createShaderModule({
      code: `${MATRIX_DIRECTIVE}
var<workgroup> values: array<f32, 64>;
@compute @workgroup_size(64) fn main() { let matrix = ${load}; }`,
    });
    if ((await device.popErrorScope()) === null) return spelling;
  }
  return undefined;
}
