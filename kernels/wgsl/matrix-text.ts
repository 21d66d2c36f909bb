/**
 * How WGSL spells operations on subgroup matrices, an experimental feature: loads, products and stores in the two spellings that
 * browsers know, and an emulation of both in plain WGSL, which shows on any adapter that a kernel's algorithm is right.
 */

import type { SubgroupMatrix, SubgroupMatrixShape } from '../device.ts';
import { lines, range } from './emit.ts';
import { type MatrixArray, type MatrixMemory, scalarMemory, vectorMemory, wholeOf } from './matrix-memory.ts';

export type MatrixKind = 'left' | 'right' | 'result';

export interface MatrixText {
  /** Directives that the module begins with. */
  enable: string;
  /** The arrays that matrices are loaded from and stored to. */
  memory: MatrixMemory;
  /** Declarations that the operations need; known once all are emitted. */
  readonly declarations: string;
  /** Further arguments of the entry point. */
  builtins: string;
  /** Statements that declare the invocation's subgroup in its workgroup and its lane in the subgroup. */
  place: string[];
  /** A matrix from `array`, first vec4 at `offset`, `stride` vec4s between its rows, or its columns where `columns`. */
  load(kind: MatrixKind, array: MatrixArray, offset: string, stride: string, columns?: boolean): string;
  zero(kind: MatrixKind): string;
  /** a b + c. */
  multiplyAdd(a: string, b: string, c: string): string;
  /** Statement that writes a result matrix by rows. */
  store(array: MatrixArray, offset: string, matrix: string, stride: string): string;
  /** The largest value, or the sum, over the lanes that share a row. */
  overRow(fold: 'max' | 'sum', value: string): string;
}

/** 'template': layouts as template arguments; 'argument': a boolean, as before August 2026; 'emulated': in no need of the feature. */
export type MatrixSpelling = SubgroupMatrix['spelling'];

export const MATRIX_DIRECTIVE = 'enable chromium_experimental_subgroup_matrix;';

/** Rows and columns of the three matrices of a product: left m x k, right k x n, result m x n. */
const sizeOf = ({ m, n, k }: SubgroupMatrixShape, kind: MatrixKind) =>
  ({ left: { rows: m, columns: k }, right: { rows: k, columns: n }, result: { rows: m, columns: n } })[kind];

/** How the invocations of a workgroup lie. */
export interface Lanes {
  /** Of a subgroup. */
  lanes: number;
  subgroups: number;
  /** Neighbours of a subgroup that share a row of scores, a power of 2. */
  rowLanes: number;
}

/** a and b folded, in WGSL. */
const FOLDS = { max: (a: string, b: string) => `max(${a}, ${b})`, sum: (a: string, b: string) => `${a} + ${b}` };

/** The operations for a shape and a workgroup. */
export function matrixText(shape: SubgroupMatrixShape, spelling: MatrixSpelling, workgroup: Lanes): MatrixText {
  if (spelling === 'emulated') return emulated(shape, workgroup);
  const { lanes, rowLanes } = workgroup;
  // WGSL names columns before rows.
  const typeOf = (kind: MatrixKind) => {
    const { rows, columns } = sizeOf(shape, kind);
    return `subgroup_matrix_${kind}<${kind === 'result' ? 'f32' : shape.component}, ${columns}, ${rows}>`;
  };
  const template = spelling === 'template';
  // Compilers that know the second spelling load from arrays of scalars only.
  const memory = template ? vectorMemory : scalarMemory();
  const fours = (text: string) => (template ? text : `(${text}) * 4u`);
  const steps = range(Math.log2(rowLanes)).map((bit) => `${1 << bit}u`);
  const overRow = (fold: 'max' | 'sum') => `fn ${fold}OverRow(value: f32) -> f32 {
  var all = value;
${lines(steps.map((step) => `  all = ${FOLDS[fold]('all', `subgroupShuffleXor(all, ${step})`)};`))}
  return all;
}
`;
  return {
    enable: `diagnostic(off, chromium.subgroup_matrix_uniformity);
diagnostic(off, subgroup_uniformity);
${MATRIX_DIRECTIVE}
enable subgroups;
`,
    memory,
    get declarations() {
      const over =
        rowLanes === 1 ? '' : `// Over the ${rowLanes} lanes that share a row.\n${overRow('max')}${overRow('sum')}`;
      return `${over}${memory.functions}`;
    },
    builtins:
      ', @builtin(subgroup_id) subgroupId: u32, @builtin(subgroup_size) subgroupSize: u32, @builtin(subgroup_invocation_id) subgroupLane: u32',
    // Right also where the device runs subgroups smaller than its largest: several then do the same. The remainders tell compilers how large
    // both can be, so that places computed from them need no check.
    place: [
      `let subgroup = subgroupId * subgroupSize / ${lanes}u;`,
      `let lane = (subgroupId * subgroupSize + subgroupLane) % ${lanes}u;`,
    ],
    load: (kind, array, offset, stride, columns = false) =>
      template
        ? `subgroupMatrixLoad<${typeOf(kind)}, ${columns ? 'col_major' : 'row_major'}>(&${wholeOf(array)}, ${offset}, ${stride})`
        : `subgroupMatrixLoad<${typeOf(kind)}>(&${wholeOf(array)}, ${fours(offset)}, ${columns}, ${fours(stride)})`,
    zero: (kind) => `${typeOf(kind)}()`,
    multiplyAdd: (a, b, c) => `subgroupMatrixMultiplyAccumulate(${a}, ${b}, ${c})`,
    store: (array, offset, matrix, stride) =>
      template
        ? `subgroupMatrixStore<row_major>(&${wholeOf(array)}, ${offset}, ${matrix}, ${stride});`
        : `subgroupMatrixStore(&${wholeOf(array)}, ${fours(offset)}, ${matrix}, false, ${fours(stride)});`,
    overRow: (fold, value) => (rowLanes === 1 ? value : `${fold}OverRow(${value})`),
  };
}

/**
 * Each invocation holds every n-th element of a matrix, as a subgroup of n lanes would; a product exchanges them through workgroup
 * memory, and so do the lanes of a row.
 */
function emulated(shape: SubgroupMatrixShape, { lanes, subgroups, rowLanes }: Lanes): MatrixText {
  const { m, n, k } = shape;
  const loads = new Map<string, string>();
  const capital = (word: string) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
  const share = (elements: number) => Math.ceil(elements / lanes);
  const over = (elements: number, body: string) => `  for (var e = 0u; e < ${share(elements)}u; e += 1u) {
    let i = lane + e * ${lanes}u;
    if (i < ${elements}u) {
      ${body}
    }
  }`;
  const overRow = (fold: 'max' | 'sum') => `fn ${fold}OverRow(value: f32, thread: u32) -> f32 {
  workgroupBarrier();
  partial[thread] = value;
  workgroupBarrier();
  let first = thread / ${rowLanes}u * ${rowLanes}u;
  var all = partial[first];
  for (var i = 1u; i < ${rowLanes}u; i += 1u) {
    all = ${FOLDS[fold]('all', 'partial[first + i]')};
  }
  return all;
}
`;
  return {
    enable: '',
    memory: vectorMemory,
    get declarations() {
      return `alias Left = array<f32, ${share(m * k)}>;
alias Right = array<f32, ${share(k * n)}>;
alias Result = array<f32, ${share(m * n)}>;
var<workgroup> wholeLeft: array<f32, ${m * k * subgroups}>;
var<workgroup> wholeRight: array<f32, ${k * n * subgroups}>;
fn multiplyAdd(a: Left, b: Right, c: Result, subgroup: u32, lane: u32) -> Result {
  var left = a;
  var right = b;
  var sum = c;
  let ownLeft = subgroup * ${m * k}u;
  let ownRight = subgroup * ${k * n}u;
  workgroupBarrier();
${over(m * k, 'wholeLeft[ownLeft + i] = left[e];')}
${over(k * n, 'wholeRight[ownRight + i] = right[e];')}
  workgroupBarrier();
${over(
  m * n,
  `for (var j = 0u; j < ${k}u; j += 1u) {
        sum[e] = fma(wholeLeft[ownLeft + i / ${n}u * ${k}u + j], wholeRight[ownRight + j * ${n}u + i % ${n}u], sum[e]);
      }`,
)}
  return sum;
}
${rowLanes === 1 ? '' : `var<workgroup> partial: array<f32, ${lanes * subgroups}>;\n${overRow('max')}${overRow('sum')}`}${[...loads.values()].join('\n')}`;
    },
    builtins: '',
    place: [`let subgroup = thread / ${lanes}u;`, `let lane = thread % ${lanes}u;`],
    load(kind, array, offset, stride, columns = false) {
      const size = sizeOf(shape, kind);
      const type = capital(kind);
      const owner = array.per ?? 'subgroup';
      const call = `load${type}${columns ? 'Columns' : ''}From${capital(array.name)}`;
      const place = columns
        ? `i / ${size.columns}u + i % ${size.columns}u * stride * 4u`
        : `i / ${size.columns}u * stride * 4u + i % ${size.columns}u`;
      const copy = over(
        size.rows * size.columns,
        `let at = offset * 4u + ${place};
      matrix[e] = f32(${wholeOf(array)}[at / 4u][at % 4u]);`,
      );
      loads.set(
        call,
        `fn ${call}(offset: u32, stride: u32, ${owner}: u32, lane: u32) -> ${type} {\n  var matrix: ${type};\n${copy}\n  return matrix;\n}`,
      );
      return `${call}(${offset}, ${stride}, ${owner}, lane)`;
    },
    zero: (kind) => `${capital(kind)}()`,
    multiplyAdd: (a, b, c) => `multiplyAdd(${a}, ${b}, ${c}, subgroup, lane)`,
    store: (array, offset, matrix, stride) =>
      over(
        m * n,
        `let at = (${offset}) * 4u + i / ${n}u * ${stride} * 4u + i % ${n}u;
      ${wholeOf(array)}[at / 4u][at % 4u] = ${matrix}[e];`,
      ),
    overRow: (fold, value) => (rowLanes === 1 ? value : `${fold}OverRow(${value}, thread)`),
  };
}
