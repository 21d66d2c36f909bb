/** The phases of wgsl-rows, for the rows `own` and the vec4 columns `columns` of a lane, each a variable: q<row>_<column>, o<row>_<column>. */

import { LANES, lines, phase, plus, range } from './emit.ts';
import { LOWEST, MASKED, rowBounds, seesFour } from './mask.ts';
import { emitSoftCapOf, type WgslScores } from './soft-cap.ts';

/** Lanes that share a row: no subgroup is smaller. */
export const SPLIT = 4;
/** Keys whose scores are one vec4. */
export const BATCH = 4;

/** What a lane keeps of each of its rows: the keys that it sees, m, l and its columns of O. */
export const emitRowState = (own: number[], columns: number[], sinks: boolean) =>
  lines(own.flatMap((r) => rowState(r, columns, sinks)));

const rowState = (r: number, columns: number[], sinks: boolean) => [
  `let row${r} = min(${plus('firstRow', r)}, tile.rows - 1u);`,
  ...rowBounds(r, `row${r}`),
  // The sink is met first; every lane of a row has the whole l.
  `var m${r} = ${sinks ? `sinkOf(tile, row${r})` : LOWEST};`,
  `var l${r} = ${sinks ? '1.0' : '0.0'};`,
  ...columns.map((c) => `var o${r}_${c} = vec4f();`),
];

/** load q: a lane's columns of its rows. */
export function emitLoadQ(own: number[], columns: number[]): string {
  const loads = own.flatMap((r) =>
    columns.map((c) => `let q${r}_${c} = loadQ(tile, row${r}, ${plus('part', c * SPLIT)});`),
  );
  return phase('load q', 'once, into registers.', loads);
}

/** stage K and stage V: `elements` of each, a block of keys. */
export function emitStage(elements: number): string {
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
export function emitScores(own: number[], columns: number[]): string {
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

/** Index in workgroup memory of column c of a lane, of key j of the four. */
const staged = (j: number, c: number) =>
  plus(`${j === 0 ? 'first' : `(${plus('first', j)})`} * columns + part`, c * SPLIT);

/** mask to row sum, a row after another. */
export function emitSoftmax(own: number[], columns: number[], scores: WgslScores): string {
  const each = (emit: (r: number) => string[]) => own.flatMap(emit);
  return lines([
    ...emitSoftCapOf(
      scores,
      own.map((r) => `s${r}`),
    ),
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

/** accumulate: the four keys, one after another. */
export function emitAccumulate(own: number[], columns: number[]): string {
  const products = range(BATCH).flatMap((j) =>
    columns.flatMap((c) => [
      `let v${j}_${c} = stagedV[${staged(j, c)}];`,
      ...own.map((r) => `o${r}_${c} = fma(vec4f(p${r}.${LANES[j]}), v${j}_${c}, o${r}_${c});`),
    ]),
  );
  return phase('accumulate', 'O += P v of the four keys.', products);
}

/** write: the rows that exist. */
export function emitWrite(own: number[], columns: number[]): string {
  const rows = own.flatMap((r) => [
    `if (${plus('firstRow', r)} < tile.rows) {`,
    `  let factor = select(0.0, 1.0 / l${r}, l${r} > 0.0);`,
    ...columns.map((c) => `  writeO(rowIndex(tile, row${r}) + ${plus('part', c * SPLIT)}, o${r}_${c} * factor);`),
    '}',
  ]);
  return phase('write', 'O / l; a row that saw no key has l = 0 and gives zeros.', rows);
}
