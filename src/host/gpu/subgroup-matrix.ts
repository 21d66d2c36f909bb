/**
 * Subgroup matrices, an experimental feature of Chromium and Dawn: which shapes a device has, and how its compiler
 * spells them.
 */

import type { SubgroupMatrix } from '../../../kernels/device.ts';
import { MATRIX_DIRECTIVE, type MatrixSpelling, matrixText } from '../../../kernels/wgsl/matrix-text.ts';
import { hasFewRegisters } from '../../../kernels/wgsl/registers.ts';
import { matrixUse } from '../../messages.ts';
import type { ListedMatrix } from '../contract.ts';

/** The feature's name. */
export const SUBGROUP_MATRIX = 'chromium-experimental-subgroup-matrix';

/** A configuration as Dawn and Chromium describe it: attributes of their interface GPUSubgroupMatrixConfig. */
export interface MatrixConfig {
  componentType: string;
  resultComponentType: string;
  M: number;
  N: number;
  K: number;
}

/** What they add to an adapter's info with that feature. */
interface MatrixInfo {
  vendor?: string;
  subgroupMaxSize?: number;
  subgroupMatrixConfigs?: Iterable<MatrixConfig>;
}

/** The matrices of an adapter: all that it lists, and what kernels can use of them; undefined where that is nothing. */
export interface MatricesFound {
  listed: ListedMatrix[];
  usable: SubgroupMatrix | undefined;
}

/**
 * Reads the configurations that an adapter lists, largest first: a larger matrix takes fewer instructions for the same
 * work. Kernels can use those of floats with sums of f32, if the compiler takes one of the spellings.
 */
export function readSubgroupMatrix(info: MatrixInfo, spelling: MatrixSpelling | undefined): MatricesFound {
  const threads = info.subgroupMaxSize ?? 0;
  const sorted = [...(info.subgroupMatrixConfigs ?? [])]
    .map(({ componentType, resultComponentType, M, N, K }) => ({
      ...{ m: M, n: N, k: K },
      component: componentType,
      result: resultComponentType,
    }))
    .sort((a, b) => b.m * b.n * b.k - a.m * a.n * a.k);
  const shapes: SubgroupMatrix['shapes'] = [];
  const first = hasFewRegisters(info.vendor) ? matrixUse.inTeams : matrixUse.first;
  const halvesWithFloats = sorted.some(({ component, result }) => component === 'f16' && result === 'f32');
  const hasFloats =
    !halvesWithFloats && sorted.some(({ component, result }) => component === 'f32' && result === 'f32');
  const listed = sorted.map((matrix): ListedMatrix => {
    const { component, result, ...size } = matrix;
    if (spelling === undefined) return { ...matrix, used: false, why: matrixUse.unknownSpelling };
    if (threads === 0) return { ...matrix, used: false, why: matrixUse.unknownSubgroup };
    if (component !== 'f32' && component !== 'f16') {
      return { ...matrix, used: false, why: matrixUse.component(component) };
    }
    if (result !== 'f32') {
      const widened = component === 'f16' && hasFloats;
      return { ...matrix, used: false, why: widened ? matrixUse.widened : matrixUse.result(result) };
    }
    const larger = shapes.some((shape) => shape.component === component);
    shapes.push({ ...size, component });
    return { ...matrix, used: true, why: larger ? matrixUse.second : first };
  });
  const usable = spelling === undefined || shapes.length === 0 ? undefined : { shapes, threads, spelling };
  return { listed, usable };
}

/** The spelling of subgroup matrices that a device's compiler takes, found by compiling one load in each. */
export async function findSpelling(device: GPUDevice): Promise<MatrixSpelling | undefined> {
  for (const spelling of ['template', 'argument'] as const) {
    const text = matrixText({ m: 8, n: 8, k: 8, component: 'f32' }, spelling, { lanes: 64, subgroups: 1, rowLanes: 1 });
    const load = text.load('left', { name: 'values', component: 'f32' }, '0u', '2u');
    device.pushErrorScope('validation');
    device.createShaderModule({
      code: `${MATRIX_DIRECTIVE}
var<workgroup> values: ${text.memory.type('f32', 16)};
@compute @workgroup_size(64) fn main() { let matrix = ${load}; }`,
    });
    if ((await device.popErrorScope()) === null) return spelling;
  }
  return undefined;
}
