/** What a GPU can do at best with subgroup matrices: products of matrices that stay in registers. */

import type { Workload } from '../../src/problem/workload.ts';
import type { DeviceProfile, SubgroupMatrix, SubgroupMatrixShape } from '../device.ts';
import { wgslMatrix } from '../wgsl/matrix.ts';
import { matrixPlan } from '../wgsl/matrix-plan.ts';
import { type MatrixArray, type MatrixText, matrixText } from '../wgsl/matrix-text.ts';
import type { Probe } from './probe.ts';
import { iterations, loopProgram } from './wgsl-loop.ts';

/** Different left and right matrices: each product of two has a sum of its own, so none can be computed once for several. */
const LEFTS = 2;
const RIGHTS = 4;
/**
 * Times that all products are written out: a compiler for AMD copies the operands in each iteration, 48 moves on RDNA3.
 * Emulated ones, which measure nothing, are functions that a compiler takes long for.
 */
const unrollOf = (spelling: SubgroupMatrix['spelling']) => (spelling === 'emulated' ? 1 : 8);
/** Few rows a work tile, so that there are enough workgroups of one subgroup for a large GPU. */
const BLOCK_ROWS = 16;

const range = (count: number) => Array.from({ length: count }, (_, i) => i);
const lines = (list: readonly string[]) => list.join('\n');
const PRODUCTS = range(LEFTS).flatMap((a) => range(RIGHTS).map((b) => ({ a, b, sum: `c${a}_${b}` })));

/** The matrices that wgsl-matrix uses for a workload on a device; undefined where there are none for it. */
const matrixOf = (w: Workload, device: DeviceProfile): SubgroupMatrixShape | undefined => matrixPlan(w, device)?.shape;

/** The probe of a kind of subgroup matrices. */
export interface MatrixProbe extends Probe {
  shape: SubgroupMatrixShape;
}

/** A probe for each kind of subgroup matrices that wgsl-matrix may use on a device. */
export function matrixProbes({ features }: DeviceProfile): MatrixProbe[] {
  const offered = features.subgroupMatrix;
  return offered === undefined ? [] : offered.shapes.map((shape) => matrixProbe(shape, offered));
}

/**
 * Products of m x k and k x n matrices of f32 or f16 with sums of f32. Left matrix a has a + 1 everywhere, right matrix b
 * b + 1, so every step adds (a + 1) (b + 1) k to each element of their sum. The output is what the first invocation finds
 * in its elements of all sums.
 */
function matrixProbe(shape: SubgroupMatrixShape, { threads, spelling }: SubgroupMatrix): MatrixProbe {
  const { m, n, k, component } = shape;
  const size = `${m}x${n}x${k}`;
  const unroll = unrollOf(spelling);
  /** FLOPs of a subgroup. */
  const perIteration = 2 * m * n * k * PRODUCTS.length * unroll;
  const ones = PRODUCTS.reduce((total, { a, b }) => total + (a + 1) * (b + 1), 0);
  return {
    shape,
    name: `wgsl-matrix-products-${component}-${size}`,
    backend: 'webgpu',
    summary: `products of ${m} x ${k} and ${k} x ${n} matrices of ${component} in registers, ${PRODUCTS.length} sums of f32 a subgroup; needs subgroup matrices`,
    unsupported: () => undefined,
    operationsPerFlop: () => 1,
    limits: (kernel, w, device) => kernel.name === wgslMatrix.name && sameShape(matrixOf(w, device), shape),
    expected: (w) =>
      Math.ceil((m * n) / threads) * ones * k * unroll * iterations(w, 4 * w.headDim, perIteration, BLOCK_ROWS),
    build(w) {
      const text = matrixText(shape, spelling, threads);
      const parts = emitProducts(text, shape, threads, unroll);
      const own = spelling !== 'emulated';
      return loopProgram(`matrix products ${component}`, {
        headDim: w.headDim,
        perPair: (4 * w.headDim) / perIteration,
        threads,
        blockRows: BLOCK_ROWS,
        directives: `${text.enable}${own ? SUBGROUPS : ''}${own && component === 'f16' ? 'enable f16;\n' : ''}`,
        ...parts,
        ...(own
          ? { builtins: ', @builtin(subgroup_size) subgroupSize: u32', sharedBy: `f32(${threads}u / subgroupSize)` }
          : {}),
        declarations: `${parts.declarations}${text.declarations}`,
        // Subgroups smaller than the largest share the work of a workgroup.
        result: own ? `vec4f(total * f32(${threads}u / subgroupSize))` : 'vec4f(total)',
      });
    },
  };
}

const SUBGROUPS = `enable subgroups;
diagnostic(off, chromium.subgroup_matrix_uniformity);
`;

/** The statements before, in and after the loop; all that is loaded is emitted before the text's own declarations are asked for. */
function emitProducts(text: MatrixText, { m, n, k, component }: SubgroupMatrixShape, threads: number, unroll: number) {
  const type = text.enable === '' ? 'f32' : component;
  const operands: MatrixArray = { name: 'operands', component: type, length: LEFTS * m * k + RIGHTS * k * n };
  const sums: MatrixArray = { name: 'sums', component: 'f32', length: m * n };
  const rightAt = (b: number) => LEFTS * m * k + b * k * n;
  return {
    declarations: lines([operands, sums].map((a) => `var<workgroup> ${a.name}: array<${a.component}, ${a.length}>;\n`)),
    before: `  for (var e = thread; e < ${operands.length}u; e += ${threads}u) {
    let matrix = select((e - ${rightAt(0)}u) / ${k * n}u, e / ${m * k}u, e < ${rightAt(0)}u);
    operands[e] = ${type}(one * f32(matrix + 1u));
  }
  workgroupBarrier();
${lines(range(LEFTS).map((a) => `  let a${a} = ${text.load('left', operands, `${a * m * k}u`, k)};`))}
${lines(range(RIGHTS).map((b) => `  let b${b} = ${text.load('right', operands, `${rightAt(b)}u`, k, true)};`))}
${lines(PRODUCTS.map(({ sum }) => `  var ${sum} = ${text.zero};`))}`,
    body: lines(
      range(unroll).flatMap(() =>
        PRODUCTS.map(({ a, b, sum }) => `    ${sum} = ${text.multiplyAdd(`a${a}`, `b${b}`, sum)};`),
      ),
    ),
    after: `  var total = 0.0;
${lines(
  PRODUCTS.map(
    ({ sum }) => `  ${text.store(sums, '0u', sum, n)}
  workgroupBarrier();
  for (var e = thread; e < ${m * n}u; e += ${threads}u) {
    total += sums[e];
  }
  workgroupBarrier();`,
  ),
)}
`,
  };
}

const sameShape = (a: SubgroupMatrixShape | undefined, b: SubgroupMatrixShape) =>
  a !== undefined && a.m === b.m && a.n === b.n && a.k === b.k && a.component === b.component;
