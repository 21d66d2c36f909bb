/**
 * wgsl-rows: flash attention with each query row split over four lanes of a subgroup. A lane holds every fourth vec4 of its rows'
 * q and output in registers; scores are summed by shuffles, so that neither they nor the weights go through workgroup memory.
 */

import { subgroupsMissing } from '../../src/messages.ts';
import { groupSize, type Workload } from '../../src/problem/workload.ts';
import type { Kernel, WgslProgram } from '../kernel.ts';
import { unsupportedShape } from '../supported-shapes.ts';
import { abi } from './abi.ts';
import { indent, LANES, lines, phase, plus, range, times } from './emit.ts';
import { LOWEST, MASKED, rowBounds, seesFour } from './mask.ts';
import { type Storage, storageOf } from './storage.ts';

/** Lanes that share a row: no subgroup is smaller. */
const SPLIT = 4;
const THREADS = 64;
/** Keys whose scores are one vec4. */
const BATCH = 4;

export const wgslRows: Kernel = {
  name: 'wgsl-rows',
  backend: 'webgpu',
  summary: 'one pass, each row split over four lanes: q and output in registers, scores by subgroup shuffles',
  unsupported: (workload, { features }) =>
    features.subgroups === true ? unsupportedShape(workload, ['f32', 'f16']) : subgroupsMissing,
  build: (workload, { features }) => emitWgslRows(workload, storageOf(workload.dtype, features)),
};

/** Rows of a lane and keys staged at a time: what fits some 200 registers and 16 KiB of workgroup memory. */
function sizesOf(headDim: number) {
  const rows = headDim <= 64 ? 4 : headDim <= 128 ? 2 : 1;
  return { rows, blockRows: (THREADS / SPLIT) * rows, keys: headDim <= 128 ? 8 : 4 };
}

/**
 * The pass of wgsl-rows for a workload's head dimension and grouping: a workgroup of 64 threads takes 16 times `rows` query rows.
 * Lane `part` of the four that share a row holds its vec4 columns part, part + 4 and so on: q<row>_<i>, o<row>_<i>.
 */
export function emitWgslRows(w: Workload, storage: Storage): WgslProgram {
  const { headDim } = w;
  const { rows, blockRows, keys } = sizesOf(headDim);
  const group = groupSize(w) <= blockRows ? groupSize(w) : 1;
  const tokens = Math.floor(blockRows / group);
  const own = range(rows);
  const columns = range(headDim / 4 / SPLIT);

  const code = `enable subgroups;
${abi({ headDim, tokens, storage, group })}
// Flash attention with an online softmax, four keys at a time:
//   S = q k^T;  m' = max(m, rows of S);  P = 2^(S - m');  l = l 2^(m - m') + sum P;  O = O 2^(m - m') + P v
// and at the end O / l. ${SPLIT} lanes share ${rows} row${rows > 1 ? 's' : ''}; lane p of them holds the vec4 columns p, p + ${SPLIT}, p + ${2 * SPLIT} and so on:
// q<row>_<i>, o<row>_<i>. d<row>_<key> are its products of q and k, s<row> the scores of four keys.
const threads = ${THREADS}u;
const blockKeys = ${keys}u; // staged at a time

// as [key][column]
var<workgroup> stagedK: array<vec4f, ${(keys * headDim) / 4}>;
var<workgroup> stagedV: array<vec4f, ${(keys * headDim) / 4}>;
var<workgroup> tickets: atomic<u32>;

@compute @workgroup_size(${THREADS})
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let tile = findWorkTile(params.tileBase + workgroup.y);
  // How invocations are numbered within subgroups is the device's choice: the first lane of each four draws their rows.
  let part = lane % ${SPLIT}u;
  var ticket = 0u;
  if (part == 0u) {
    ticket = atomicAdd(&tickets, 1u);
  }
  let firstRow = ${times('subgroupShuffle(ticket, lane - part)', rows)};

  // Of each row: the keys that it sees, the running maximum, the row sum and the output.
${indent(1, lines(own.flatMap((r) => rowState(r, columns))))}
${indent(1, emitLoadQ(own, columns))}

  let endKey = highKey(tile.firstRow + tile.tokens - 1u);
  for (var base = lowKey(tile.firstRow) / i32(blockKeys) * i32(blockKeys); base < endKey; base += i32(blockKeys)) {${indent(2, emitStage(keys * headDim))}
    for (var batch = 0u; batch < ${keys / BATCH}u; batch += 1u) {
      let first = batch * ${BATCH}u;${indent(3, emitScores(own, columns))}
${indent(3, emitSoftmax(own, columns))}
${indent(3, emitAccumulate(own, columns))}
    }
  }
${indent(1, emitWrite(own, columns))}
}
`;
  return {
    kind: 'wgsl',
    passes: [{ label: 'attention', code, workgroupsPerTile: 1 }],
    blockRows: tokens,
    scratchBytesPerTile: 0,
    groupedRows: group > 1,
  };
}

const rowState = (r: number, columns: number[]) => [
  `let row${r} = min(${plus('firstRow', r)}, tile.rows - 1u);`,
  ...rowBounds(r, `row${r}`),
  `var m${r} = ${LOWEST};`,
  `var l${r} = 0.0;`,
  ...columns.map((c) => `var o${r}_${c} = vec4f();`),
];

function emitLoadQ(own: number[], columns: number[]): string {
  const loads = own.flatMap((r) =>
    columns.map((c) => `let q${r}_${c} = loadQ(tile, row${r}, ${plus('part', c * SPLIT)});`),
  );
  return phase('load q', 'once, into registers.', loads);
}

/** stage K and stage V: `elements` of each, a block of keys. */
function emitStage(elements: number): string {
  return phase('stage K', 'a block of keys, as [key][column].', [
    'workgroupBarrier();',
    `for (var t = thread; t < ${elements / 4}u; t += threads) {`,
    '  let key = u32(base) + t / columns;',
    '  stagedK[t] = loadK(tile, key, t % columns);',
    '  // stage V: the same keys.',
    '  stagedV[t] = loadV(tile, key, t % columns);',
    '}',
    'workgroupBarrier();',
  ]);
}

/** scores of four keys, a vec4 s<row> for each row: every lane sums its columns, then the lanes add theirs up. */
function emitScores(own: number[], columns: number[]): string {
  const dots = range(BATCH).flatMap((j) => own.map((r) => `var d${r}_${j} = vec4f();`));
  const products = range(BATCH).flatMap((j) =>
    columns.flatMap((c) => [
      `let k${j}_${c} = stagedK[${staged(j, c)}];`,
      ...own.map((r) => `d${r}_${j} = fma(q${r}_${c}, k${j}_${c}, d${r}_${j});`),
    ]),
  );
  const sums = own.flatMap((r) => [
    `var s${r} = vec4f(${range(BATCH)
      .map((j) => `dot(d${r}_${j}, vec4f(1.0))`)
      .join(', ')});`,
    `s${r} += subgroupShuffleXor(s${r}, 1u);`,
    `s${r} += subgroupShuffleXor(s${r}, 2u);`,
  ]);
  return phase('scores', "S = q k^T of four keys: of this lane's columns, then summed over the lanes.", [
    ...dots,
    ...products,
    ...sums,
  ]);
}

/** Place of column c of a lane of key j of the batch. */
const staged = (j: number, c: number) =>
  plus(`${j === 0 ? 'first' : `(${plus('first', j)})`} * columns + part`, c * SPLIT);

/** mask to row sum, a row after another. */
function emitSoftmax(own: number[], columns: number[]): string {
  const each = (emit: (r: number) => string[]) => own.flatMap(emit);
  return lines([
    phase('mask', 'scores of keys that the row does not see.', [
      'let keys = vec4i(base + i32(first)) + vec4i(0, 1, 2, 3);',
      ...each((r) => [`s${r} = select(vec4f(${MASKED}), s${r}, ${seesFour('keys', r)});`]),
    ]),
    phase(
      'row maximum',
      "m' = max(m, S).",
      each((r) => [`let next${r} = max(m${r}, max(max(s${r}.x, s${r}.y), max(s${r}.z, s${r}.w)));`]),
    ),
    phase(
      'rescale',
      "l = l 2^(m - m'), O = O 2^(m - m').",
      each((r) => [
        `let rescale${r} = exp2(m${r} - next${r});`,
        `m${r} = next${r};`,
        `l${r} *= rescale${r};`,
        ...columns.map((c) => `o${r}_${c} *= rescale${r};`),
      ]),
    ),
    phase(
      'exponentials',
      "P = 2^(S - m').",
      each((r) => [`let p${r} = exp2(s${r} - m${r});`]),
    ),
    phase(
      'row sum',
      'l = l + sum P.',
      each((r) => [`l${r} += dot(p${r}, vec4f(1.0));`]),
    ),
  ]);
}

function emitAccumulate(own: number[], columns: number[]): string {
  const products = range(BATCH).flatMap((j) =>
    columns.flatMap((c) => [
      `let v${j}_${c} = stagedV[${staged(j, c)}];`,
      ...own.map((r) => `o${r}_${c} = fma(vec4f(p${r}.${LANES[j]}), v${j}_${c}, o${r}_${c});`),
    ]),
  );
  return phase('accumulate', 'O += P v of the four keys.', products);
}

function emitWrite(own: number[], columns: number[]): string {
  const rows = own.flatMap((r) => [
    `if (${plus('firstRow', r)} < tile.rows) {`,
    `  let factor = select(0.0, 1.0 / l${r}, l${r} > 0.0);`,
    ...columns.map((c) => `  writeO(rowIndex(tile, row${r}) + ${plus('part', c * SPLIT)}, o${r}_${c} * factor);`),
    '}',
  ]);
  return phase('write', 'O / l; a row that saw no key has l = 0 and gives zeros.', rows);
}
