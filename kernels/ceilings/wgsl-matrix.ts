/** What a GPU can do at best with subgroup matrices: products of matrices that stay in registers. */

import type { DeviceProfile, SubgroupMatrix, SubgroupMatrixShape } from '../device.ts';
import { lines, range } from '../wgsl/emit.ts';
import { wgslMatrix } from '../wgsl/matrix.ts';
import { fourOf, type MatrixArray } from '../wgsl/matrix-memory.ts';
import { matrixShape } from '../wgsl/matrix-plan.ts';
import { type MatrixText, matrixText } from '../wgsl/matrix-text.ts';
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

const PRODUCTS = range(LEFTS).flatMap((a) => range(RIGHTS).map((b) => ({ a, b, sum: `c${a}_${b}` })));

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
    limits: (kernel, w, device) => kernel.name === wgslMatrix.name && sameShape(matrixShape(w, device), shape),
    expected: (w) =>
      Math.ceil((m * n) / threads) * ones * k * unroll * iterations(w, 4 * w.headDim, perIteration, BLOCK_ROWS),
    build(w) {
      const text = matrixText(shape, spelling, { lanes: threads, subgroups: 1, rowLanes: 1 });
      const parts = emitProducts(text, shape, threads, unroll);
      const own = spelling !== 'emulated';
      return loopProgram(`matrix products ${component}`, {
        headDim: w.headDim,
        perPair: (4 * w.headDim) / perIteration,
        threads,
        blockRows: BLOCK_ROWS,
        directives: `${text.enable}${own && component === 'f16' ? 'enable f16;\n' : ''}`,
        builtins: text.builtins,
        ...parts,
        ...(own ? { sharedBy: `f32(${threads}u / subgroupSize)` } : {}),
        declarations: `${parts.declarations}${text.declarations}`,
        // Subgroups smaller than the largest share the work of a workgroup.
        result: own ? `vec4f(total * f32(${threads}u / subgroupSize))` : 'vec4f(total)',
      });
    },
  };
}

/** The statements before, in and after the loop; all that is loaded is emitted before the text's own declarations are asked for. */
function emitProducts(text: MatrixText, { m, n, k, component }: SubgroupMatrixShape, threads: number, unroll: number) {
  const type = text.enable === '' ? 'f32' : component;
  const operands: MatrixArray = { name: 'operands', component: type };
  const sums: MatrixArray = { name: 'sums', component: 'f32' };
  /** Sizes and places count fours. */
  const [left, right, sum] = [(m * k) / 4, (k * n) / 4, (m * n) / 4];
  const firstRight = LEFTS * left;
  const all = firstRight + RIGHTS * right;
  const column = `${k / 4}u`;
  const { memory } = text;
  return {
    before: `${lines(text.place.map((statement) => `  ${statement}`))}
  for (var e = thread; e < ${all}u; e += ${threads}u) {
    let matrix = select((e - ${firstRight}u) / ${right}u, e / ${left}u, e < ${firstRight}u);
    ${memory.put(operands, 'e', `${fourOf(type)}(vec4f(one * f32(matrix + 1u)))`)}
  }
  workgroupBarrier();
${lines(range(LEFTS).map((a) => `  let a${a} = ${text.load('left', operands, `${a * left}u`, column)};`))}
${lines(range(RIGHTS).map((b) => `  let b${b} = ${text.load('right', operands, `${firstRight + b * right}u`, column, true)};`))}
${lines(PRODUCTS.map(({ sum: name }) => `  var ${name} = ${text.zero('result')};`))}`,
    body: lines(
      range(unroll).flatMap(() =>
        PRODUCTS.map(({ a, b, sum: name }) => `    ${name} = ${text.multiplyAdd(`a${a}`, `b${b}`, name)};`),
      ),
    ),
    after: `  var total = 0.0;
${lines(
  PRODUCTS.map(
    ({ sum: name }) => `  ${text.store(sums, '0u', name, `${n / 4}u`)}
  workgroupBarrier();
  for (var e = thread; e < ${sum}u; e += ${threads}u) {
    ${memory.place('four', sums, 'e')}
    total += dot(${memory.get('four', sums)}, vec4f(1.0));
  }
  workgroupBarrier();`,
  ),
)}
`,
    // Known once all are emitted.
    declarations: lines([
      `var<workgroup> operands: ${memory.type(type, all)};`,
      `var<workgroup> sums: ${memory.type('f32', sum)};\n`,
    ]),
  };
}

const sameShape = (a: SubgroupMatrixShape | undefined, b: SubgroupMatrixShape) =>
  a !== undefined && a.m === b.m && a.n === b.n && a.k === b.k && a.component === b.component;
