/**
 * How WGSL spells operations on subgroup matrices, an experimental feature: loads, products and stores in the two spellings that
 * browsers know, and an emulation of both in plain WGSL, which shows on any adapter that a kernel's algorithm is right.
 */

import type { SubgroupMatrix, SubgroupMatrixShape } from '../device.ts';

/** A workgroup array that matrices are loaded from or stored to. */
export interface MatrixArray {
  name: string;
  component: 'f32' | 'f16';
  length: number;
}

export type MatrixKind = 'left' | 'right' | 'result';

export interface MatrixText {
  /** Directives that the module begins with. */
  enable: string;
  /** Declarations that the operations need. */
  declarations: string;
  /** A matrix from `array`, first element at `offset`, `stride` elements between its rows, or its columns where `columns`. */
  load(kind: MatrixKind, array: MatrixArray, offset: string, stride: number, columns?: boolean): string;
  zero: string;
  /** a b + c. */
  multiplyAdd(a: string, b: string, c: string): string;
  /** Statement that writes a result matrix by rows. */
  store(array: MatrixArray, offset: string, matrix: string, stride: number): string;
}

/** 'template': layouts as template arguments; 'argument': a boolean, as before August 2026; 'emulated': in no need of the feature. */
export type MatrixSpelling = SubgroupMatrix['spelling'];

export const MATRIX_DIRECTIVE = 'enable chromium_experimental_subgroup_matrix;';

/** Rows and columns of the three matrices of a product: left m x k, right k x n, result m x n. */
const sizeOf = ({ m, n, k }: SubgroupMatrixShape, kind: MatrixKind) =>
  ({ left: { rows: m, columns: k }, right: { rows: k, columns: n }, result: { rows: m, columns: n } })[kind];

/** The operations for a shape; `threads` is the number of invocations of a workgroup. */
export function matrixText(shape: SubgroupMatrixShape, spelling: MatrixSpelling, threads: number): MatrixText {
  if (spelling === 'emulated') return emulated(shape, threads);
  // WGSL names columns before rows.
  const typeOf = (kind: MatrixKind) => {
    const { rows, columns } = sizeOf(shape, kind);
    return `subgroup_matrix_${kind}<${kind === 'result' ? 'f32' : shape.component}, ${columns}, ${rows}>`;
  };
  const template = spelling === 'template';
  return {
    enable: `${MATRIX_DIRECTIVE}\n`,
    declarations: '',
    load: (kind, { name }, offset, stride, columns = false) =>
      template
        ? `subgroupMatrixLoad<${typeOf(kind)}, ${columns ? 'col_major' : 'row_major'}>(&${name}, ${offset}, ${stride}u)`
        : `subgroupMatrixLoad<${typeOf(kind)}>(&${name}, ${offset}, ${columns}, ${stride}u)`,
    zero: `${typeOf('result')}()`,
    multiplyAdd: (a, b, c) => `subgroupMatrixMultiplyAccumulate(${a}, ${b}, ${c})`,
    store: ({ name }, offset, matrix, stride) =>
      template
        ? `subgroupMatrixStore<row_major>(&${name}, ${offset}, ${matrix}, ${stride}u);`
        : `subgroupMatrixStore(&${name}, ${offset}, ${matrix}, false, ${stride}u);`,
  };
}

/** Each invocation holds every `threads`th element of a matrix, as a subgroup would; a product exchanges them through workgroup memory. */
function emulated(shape: SubgroupMatrixShape, threads: number): MatrixText {
  const { m, n, k } = shape;
  const loads = new Map<string, string>();
  const capital = (word: string) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
  const share = (elements: number) => Math.ceil(elements / threads);
  const over = (elements: number, body: string) => `  for (var e = 0u; e < ${share(elements)}u; e += 1u) {
    let i = thread + e * ${threads}u;
    if (i < ${elements}u) {
      ${body}
    }
  }`;
  return {
    enable: '',
    get declarations() {
      return `alias Left = array<f32, ${share(m * k)}>;
alias Right = array<f32, ${share(k * n)}>;
alias Result = array<f32, ${share(m * n)}>;
var<workgroup> wholeLeft: array<f32, ${m * k}>;
var<workgroup> wholeRight: array<f32, ${k * n}>;
fn multiplyAdd(a: Left, b: Right, c: Result, thread: u32) -> Result {
  var left = a;
  var right = b;
  var sum = c;
  workgroupBarrier();
${over(m * k, 'wholeLeft[i] = left[e];')}
${over(k * n, 'wholeRight[i] = right[e];')}
  workgroupBarrier();
${over(
  m * n,
  `for (var j = 0u; j < ${k}u; j += 1u) {
        sum[e] = fma(wholeLeft[i / ${n}u * ${k}u + j], wholeRight[j * ${n}u + i % ${n}u], sum[e]);
      }`,
)}
  return sum;
}
${[...loads.values()].join('\n')}`;
    },
    load(kind, { name }, offset, stride, columns = false) {
      const size = sizeOf(shape, kind);
      const type = capital(kind);
      const call = `load${type}${columns ? 'Columns' : ''}From${capital(name)}`;
      const place = columns
        ? `i / ${size.columns}u + i % ${size.columns}u * stride`
        : `i / ${size.columns}u * stride + i % ${size.columns}u`;
      const copy = over(size.rows * size.columns, `matrix[e] = f32(${name}[offset + ${place}]);`);
      loads.set(
        call,
        `fn ${call}(offset: u32, stride: u32, thread: u32) -> ${type} {\n  var matrix: ${type};\n${copy}\n  return matrix;\n}`,
      );
      return `${call}(${offset}, ${stride}u, thread)`;
    },
    zero: 'Result()',
    multiplyAdd: (a, b, c) => `multiplyAdd(${a}, ${b}, ${c}, thread)`,
    store: ({ name }, offset, matrix, stride) =>
      over(m * n, `${name}[${offset} + i / ${n}u * ${stride}u + i % ${n}u] = ${matrix}[e];`),
  };
}
