/**
 * wgsl-matrix: flash attention whose two products are the device's subgroup matrices, an experimental feature. One workgroup of a
 * subgroup's size owns a few rows, their output in result matrices, and reads and writes scores through workgroup memory.
 */

import { subgroupMatrixMissing, subgroupMatrixNoShape } from '../../src/messages.ts';
import { groupSize, type Workload } from '../../src/problem/workload.ts';
import type { Kernel, WgslProgram } from '../kernel.ts';
import { LARGEST_WGSL_HEAD_DIM, unsupportedShape } from '../supported-shapes.ts';
import { abi } from './abi.ts';
import { indent, LANES, lines, plus, range } from './emit.ts';
import { LOWEST, MASKED, rowBounds, seesBetween } from './mask.ts';
import { type MatrixPlan, matrixPlan } from './matrix-plan.ts';
import { type MatrixArray, matrixText } from './matrix-text.ts';
import { type Storage, storageOf } from './storage.ts';

/** Maxima may be stale by this much, in powers of 2, before the output is rescaled: that means a way through memory. */
const STALE = 8;

export const wgslMatrix: Kernel = {
  name: 'wgsl-matrix',
  backend: 'webgpu',
  summary: 'one pass, both products by subgroup matrices, where the device offers that experimental feature',
  unsupported(workload, device) {
    if (device.features.subgroupMatrix === undefined) return subgroupMatrixMissing;
    if (matrixPlan(workload, device) === undefined) return subgroupMatrixNoShape(workload.dtype);
    return unsupportedShape(workload, ['f32', 'f16'], LARGEST_WGSL_HEAD_DIM);
  },
  build(workload, device) {
    const plan = matrixPlan(workload, device);
    if (plan === undefined) throw new RangeError(subgroupMatrixNoShape(workload.dtype));
    return emitWgslMatrix(workload, storageOf(workload.dtype, device.features), plan);
  },
};

/**
 * The pass of wgsl-matrix for a workload and a plan: one subgroup a workgroup. Query rows and output stay in matrices q<row block>_<dims>
 * and o<row block>_<columns>; scores (f32) and weights are [row][key] in workgroup memory, K and V in turns [key][dim].
 */
export function emitWgslMatrix(w: Workload, storage: Storage, plan: MatrixPlan): WgslProgram {
  const { headDim } = w;
  const { shape, threads, blockRows, keys } = plan;
  const { m, n, k, component } = shape;
  const group = groupSize(w) <= blockRows ? groupSize(w) : 1;
  const tokens = Math.floor(blockRows / group);
  const text = matrixText(shape, plan.spelling, threads);
  const array = (name: string, length: number, type = component): MatrixArray => ({ name, component: type, length });
  const stage = array('stage', Math.max(keys, blockRows) * headDim);
  const scores = array('scores', blockRows * keys, 'f32');
  const weights = array('weights', blockRows * keys);
  const scratch = array('scratch', m * n, 'f32');
  /** Lanes that share a row in the softmax, and rows that a lane has. */
  const lanes = Math.max(1, Math.floor(threads / blockRows));
  const own = range(Math.max(1, Math.ceil(blockRows / threads)));
  // f16 weights small beside the row's largest would vanish; a power of two cancels in O / l.
  const lift = component === 'f16' ? 6 : 0;

  const rowBlocks = range(blockRows / m);
  const dims = range(headDim / k);
  const outputs = range(headDim / n);
  const eachOutput = (emit: (r: number, c: number) => string) =>
    lines(rowBlocks.flatMap((r) => outputs.map((c) => emit(r, c))));
  const put = (value: string, indent: string) =>
    [
      `let value = ${component === 'f16' ? 'vec4<f16>(' : ''}${value}${component === 'f16' ? ')' : ''};`,
      ...LANES.map((lane, i) => `stage[${plus('t * 4u', i)}] = value.${lane};`),
    ].join(`\n${indent}`);
  const stageKeys = (load: string) => `    for (var t = thread; t < ${(keys * headDim) / 4}u; t += ${threads}u) {
      let key = u32(base) + t / columns;
      ${put(`${load}(tile, key, t % columns)`, '      ')}
    }`;
  const overKeys = (r: number, body: string) => `    for (var j = part; j < keys; j += ${lanes}u) {
      let key = base + i32(j);
      let seen = ${seesBetween('key', r)};
      let s = scores[row${r} * keys + j] * params.scale;
      ${body}
    }`;
  const shareRow = (r: number, value: string, total: string, fold: (a: string, b: string) => string) =>
    lanes === 1
      ? `    let ${total} = ${value};`
      : `    var ${total} = partial[row${r} * ${lanes}u];
    for (var i = 1u; i < ${lanes}u; i += 1u) {
      ${total} = ${fold(total, `partial[row${r} * ${lanes}u + i]`)};
    }`;
  const give = (r: number, value: string) => (lanes === 1 ? '' : `    partial[row${r} * ${lanes}u + part] = ${value};`);
  const barrier = '    workgroupBarrier();';

  // The body before the declarations: the emulation collects what the body loads.
  const body = `
@compute @workgroup_size(${threads})
fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) workgroup: vec3u) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  let part = thread % ${lanes}u;

  // Of each row: the keys that it sees, the running maximum and this lane's part of the row sum.
${lines(
  own.map(
    (r) => `  let row${r} = ${plus(lanes === 1 ? 'thread' : `thread / ${lanes}u`, r * threads)};
${indent(1, lines(rowBounds(r, `min(row${r}, tile.rows - 1u)`)))}
  var m${r} = ${LOWEST};
  var l${r} = 0.0;`,
  ),
)}

  // load q: once, into matrices; scores are scaled, not q, which would be rounded once more where it is f16.
  for (var t = thread; t < ${(blockRows * headDim) / 4}u; t += ${threads}u) {
    let row = min(t / columns, tile.rows - 1u);
    ${put('readQ(rowIndex(tile, row) + t % columns)', '    ')}
  }
  workgroupBarrier();
${lines(rowBlocks.flatMap((r) => dims.map((d) => `  let q${r}_${d} = ${text.load('left', stage, `${r * m * headDim + d * k}u`, headDim)};`)))}
${eachOutput((r, c) => `  var o${r}_${c} = ${text.zero};`)}

  let endKey = highKey(tile.firstRow + tile.tokens - 1u);
  for (var base = lowKey(tile.firstRow) / i32(keys) * i32(keys); base < endKey; base += i32(keys)) {

    // stage K: as [key][dim].
${barrier}
${stageKeys('loadK')}
${barrier}

    // scores: S = q k^T, to workgroup memory.
${lines(
  range(keys / n).map(
    (c) => `    {
${lines(rowBlocks.map((r) => `      var s${r} = ${text.zero};`))}
${lines(
  dims.flatMap((d) => [
    `      let k${d} = ${text.load('right', stage, `${c * n * headDim + d * k}u`, headDim, true)};`,
    ...rowBlocks.map((r) => `      s${r} = ${text.multiplyAdd(`q${r}_${d}`, `k${d}`, `s${r}`)};`),
  ]),
)}
${lines(rowBlocks.map((r) => `      ${text.store(scores, `${r * m * keys + c * n}u`, `s${r}`, keys)}`))}
    }`,
  ),
)}
${barrier}

    // stage V: in place of K.
${stageKeys('loadV')}

    // mask and row maximum: of the keys that a row sees, shared by its lanes; maxima that grew by little stay as they were.
${lines(
  own.map(
    (r) => `    var largest${r} = ${MASKED};
${overKeys(r, `largest${r} = max(largest${r}, select(${MASKED}, s, seen));`)}
${give(r, `largest${r}`)}`,
  ),
)}
${lanes === 1 ? '' : barrier}
${lines(
  own.map(
    (r) => `${shareRow(r, `largest${r}`, `found${r}`, (a, b) => `max(${a}, ${b})`)}
    let grown${r} = found${r} > m${r} + ${STALE}.0;

    // rescale: l = l 2^(m - m'), and the factor of O.
    let rescale${r} = select(1.0, exp2(m${r} - found${r}), grown${r});
    m${r} = select(m${r}, found${r}, grown${r});
    l${r} *= rescale${r};
    if (part == 0u) {
      factors[row${r}] = rescale${r};
    }

    // exponentials and row sum: P = 2^(S - m), 0 where the row does not see the key; l = l + sum P.
${overKeys(
  r,
  `let p = select(0.0, exp2(s - m${r}${lift === 0 ? '' : ` + ${lift}.0`}), seen);
      l${r} += p;
      weights[row${r} * keys + j] = ${component}(p);`,
)}`,
  ),
)}
${barrier}
    if (thread == 0u) {
      var any = 0u;
      for (var i = 0u; i < ${blockRows}u; i += 1u) {
        any |= select(0u, 1u, factors[i] != 1.0);
      }
      anyGrown = any;
    }

    // rescale: O = O 2^(m - m'), seldom: through memory, a matrix at a time.
    if (workgroupUniformLoad(&anyGrown) != 0u) {
${eachOutput(
  (r, c) => `      ${text.store(scratch, '0u', `o${r}_${c}`, n)}
      workgroupBarrier();
      for (var t = thread; t < ${m * n}u; t += ${threads}u) {
        scratch[t] *= factors[${plus(`t / ${n}u`, r * m)}];
      }
      workgroupBarrier();
      o${r}_${c} = ${text.load('result', scratch, '0u', n)};
      workgroupBarrier();`,
)}
    }

    // accumulate: O = O + P v.
${lines(
  range(keys / k).map(
    (d) => `    {
${lines(rowBlocks.map((r) => `      let p${r} = ${text.load('left', weights, `${r * m * keys + d * k}u`, keys)};`))}
${lines(
  outputs.flatMap((c) => [
    `      let v${c} = ${text.load('right', stage, `${d * k * headDim + c * n}u`, headDim)};`,
    ...rowBlocks.map((r) => `      o${r}_${c} = ${text.multiplyAdd(`p${r}`, `v${c}`, `o${r}_${c}`)};`),
  ]),
)}
    }`,
  ),
)}
  }

  // write: O / l; a row that saw no key has sum 0 and gives zeros.
  workgroupBarrier();
${lines(own.map((r) => give(r, `l${r}`)))}
${lanes === 1 ? '' : barrier}
${lines(
  own.map(
    (r) => `${shareRow(r, `l${r}`, `sum${r}`, (a, b) => `${a} + ${b}`)}
    if (part == 0u) {
      factors[row${r}] = select(0.0, 1.0 / sum${r}, sum${r} > 0.0);
    }`,
  ),
)}
${eachOutput(
  (r, c) => `  workgroupBarrier();
  ${text.store(scratch, '0u', `o${r}_${c}`, n)}
  workgroupBarrier();
  for (var t = thread; t < ${(m * n) / 4}u; t += ${threads}u) {
    let row = ${plus(`t / ${n / 4}u`, r * m)};
    if (row < tile.rows) {
      let value = vec4f(scratch[t * 4u], scratch[t * 4u + 1u], scratch[t * 4u + 2u], scratch[t * 4u + 3u]);
      writeO(rowIndex(tile, row) + ${plus(`t % ${n / 4}u`, (c * n) / 4)}, value * factors[row]);
    }
  }`,
)}
}
`;
  const half = storage !== 'f16' && component === 'f16' ? 'enable f16;\n' : '';
  const about = `// Flash attention with an online softmax, ${keys} keys at a time, both products by ${m} x ${n} x ${k} matrices of ${component} with sums of f32:
//   S = q k^T;  P = 2^(S - m);  l = l + sum P;  O = O + P v,  and at the end O / l
// m, a row's maximum, is raised, and l and O rescaled, only where a score passes it by ${STALE}.`;
  const code = `${abi({ directives: text.enable + half, about, headDim, tokens, storage, group })}
const keys = ${keys}u; // staged at a time

${lines([stage, scores, weights, scratch].map(({ name, component: type, length }) => `var<workgroup> ${name}: array<${type}, ${length}>;`))}
var<workgroup> factors: array<f32, ${blockRows}>;
${lanes === 1 ? '' : `var<workgroup> partial: array<f32, ${blockRows * lanes}>;\n`}var<workgroup> anyGrown: u32;
${text.declarations}${body}`;
  return {
    kind: 'wgsl',
    passes: [{ label: 'attention', code, workgroupsPerTile: 1 }],
    blockRows: tokens,
    scratchBytesPerTile: 0,
    groupedRows: group > 1,
  };
}
