/** The phases of wgsl-rows, for the rows `own` and the vec4 columns of a lane, each a variable: q<row>_<column>, o<row>_<column>. */

import { LANES, lines, phase, plus, range } from './emit.ts';
import { LOWEST, MASKED, rowBounds, seesFour } from './mask.ts';
import { columnsOf, columnsOfV, isOwnV, isWhole, outputFour, type RowDims } from './row-dims.ts';
import { emitSoftCapOf, type WgslScores } from './soft-cap.ts';

/** Lanes that share a row: no subgroup is smaller. */
export const SPLIT = 4;
/** Keys whose scores are one vec4. */
export const BATCH = 4;

/** What a lane has: rows, and of each the vec4 columns of q and of the output, by number. */
export interface LaneRows {
  dims: RowDims;
  own: number[];
  columns: number[];
  columnsV: number[];
  /** True where its columns of q are in registers; else they are read for each four keys. */
  heldQ: boolean;
}

const isPadded = (columns: number[], dim: number) => columns.length * SPLIT !== columnsOf(dim);

/** Whether the lanes have columns past the end of a row, as abi.ts wants to know. */
export const paddedColumns = ({ dims, columns, columnsV }: LaneRows) => ({
  padded: isPadded(columns, dims.headDim),
  paddedV: isPadded(columnsV, dims.headDimV),
});

/** WGSL constants: columns of a staged key, and of a staged value. */
function stagedColumns(lanes: LaneRows): { key: string; value: string } {
  const { padded, paddedV } = paddedColumns(lanes);
  const key = padded ? 'stagedColumns' : 'columns';
  if (!isOwnV(lanes.dims)) return { key, value: key };
  return { key, value: paddedV ? 'stagedValueColumns' : 'valueColumns' };
}

/** Their declarations, where they are more than a row has. */
export function emitStagedColumns(lanes: LaneRows): string {
  const { key, value } = stagedColumns(lanes);
  const declared = [
    ...(key === 'stagedColumns'
      ? [`const ${key} = ${lanes.columns.length * SPLIT}u; // of a key, the last of them zeros`]
      : []),
    ...(value === 'stagedValueColumns'
      ? [`const ${value} = ${lanes.columnsV.length * SPLIT}u; // and of a value`]
      : []),
  ];
  return declared.map((line) => `${line}\n`).join('');
}

/** What a lane keeps of each of its rows: the keys that it sees, m, l and its columns of O. */
export const emitRowState = ({ own, columnsV }: LaneRows, sinks: boolean) =>
  lines(own.flatMap((r) => rowState(r, columnsV, sinks)));

const rowState = (r: number, columnsV: number[], sinks: boolean) => [
  `let row${r} = min(${plus('firstRow', r)}, tile.rows - 1u);`,
  ...rowBounds(r, `row${r}`),
  // The sink is met first; every lane of a row has the whole l.
  `var m${r} = ${sinks ? `sinkOf(tile, row${r})` : LOWEST};`,
  `var l${r} = ${sinks ? '1.0' : '0.0'};`,
  ...columnsV.map((c) => `var o${r}_${c} = vec4f();`),
];

/** load q: a lane's columns of its rows. */
export function emitLoadQ({ own, columns }: LaneRows): string {
  const loads = own.flatMap((r) =>
    columns.map((c) => `let q${r}_${c} = loadQ(tile, row${r}, ${plus('part', c * SPLIT)});`),
  );
  return phase('load q', 'once, into registers.', loads);
}

/** stage K and stage V: a block of `keys` keys. */
export function emitStage(lanes: LaneRows, keys: number): string {
  const { columns, columnsV } = lanes;
  const names = stagedColumns(lanes);
  const over = (own: number[], body: string[]) => [
    `for (var t = thread; t < ${keys * own.length * SPLIT}u; t += threads) {`,
    ...body,
    '}',
  ];
  const key = (name: string) => `  let key = u32(base) + t / ${name};`;
  const stageK = `  stagedK[t] = loadK(tile, key, t % ${names.key});`;
  const stageV = ['  // stage V: the same keys.', `  stagedV[t] = loadV(tile, key, t % ${names.value});`];
  return phase('stage K', 'a block of keys, as [key][column].', [
    'workgroupBarrier();',
    ...(isOwnV(lanes.dims)
      ? [...over(columns, [key(names.key), stageK]), ...over(columnsV, [key(names.value), ...stageV])]
      : over(columns, [key(names.key), stageK, ...stageV])),
    'workgroupBarrier();',
  ]);
}

/** scores of four keys, a vec4 s<row> for each row: every lane sums its columns, then the lanes add theirs up. */
export function emitScores(lanes: LaneRows): string {
  const { own } = lanes;
  const dots = range(BATCH).flatMap((j) => own.map((r) => `var d${r}_${j} = vec4f();`));
  const sums = own.flatMap((r) => [
    `var s${r} = vec4f(${range(BATCH)
      .map((j) => `dot(d${r}_${j}, vec4f(1.0))`)
      .join(', ')});`,
    `s${r} += subgroupShuffleXor(s${r}, 1u);`,
    `s${r} += subgroupShuffleXor(s${r}, 2u);`,
  ]);
  return phase('scores', "S = q k^T of four keys: of this lane's columns, then summed over the lanes.", [
    ...dots,
    ...(lanes.heldQ ? productsOfHeldQ(lanes) : productsOfReadQ(lanes)),
    ...sums,
  ]);
}

const productsOfHeldQ = (lanes: LaneRows) =>
  range(BATCH).flatMap((j) =>
    lanes.columns.flatMap((c) => [
      `let k${j}_${c} = stagedK[${staged(j, stagedColumns(lanes).key, c)}];`,
      ...lanes.own.map((r) => `d${r}_${j} = fma(q${r}_${c}, k${j}_${c}, d${r}_${j});`),
    ]),
  );

/** A loop over the columns: written out, compilers would move the reads of q before the loop over keys, into registers again. */
const productsOfReadQ = (lanes: LaneRows) => [
  '// load q: a column at a time, since registers hold no more beside the output.',
  `for (var i = 0u; i < ${lanes.columns.length}u; i += 1u) {`,
  `  let column = i * ${SPLIT}u + part;`,
  ...lanes.own.flatMap((r) => [
    `  let q${r} = loadQ(tile, row${r}, column);`,
    ...range(BATCH).map(
      (j) => `  d${r}_${j} = fma(q${r}, stagedK[${keyOf(j)} * ${stagedColumns(lanes).key} + column], d${r}_${j});`,
    ),
  ]),
  '}',
];

/** The staged key number j of the four. */
const keyOf = (j: number) => (j === 0 ? 'first' : `(${plus('first', j)})`);

/** Index in workgroup memory of column c of a lane, of key j of the four. */
const staged = (j: number, columns: string, c: number) => plus(`${keyOf(j)} * ${columns} + part`, c * SPLIT);

/** mask to row sum, a row after another. */
export function emitSoftmax({ own, columnsV }: LaneRows, scores: WgslScores): string {
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
        ...columnsV.map((c) => `o${r}_${c} *= rescale${r};`),
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
export function emitAccumulate(lanes: LaneRows): string {
  const products = range(BATCH).flatMap((j) =>
    lanes.columnsV.flatMap((c) => [
      `let v${j}_${c} = stagedV[${staged(j, stagedColumns(lanes).value, c)}];`,
      ...lanes.own.map((r) => `o${r}_${c} = fma(vec4f(p${r}.${LANES[j]}), v${j}_${c}, o${r}_${c});`),
    ]),
  );
  return phase('accumulate', 'O += P v of the four keys.', products);
}

/** write: the rows that exist, and of them the columns that do. */
export function emitWrite({ dims, own, columnsV }: LaneRows): string {
  const inRow = (c: number) => (c + 1) * SPLIT <= columnsOf(dims.headDimV) || !isWhole(dims.headDimV);
  const write = (r: number, c: number) => {
    const column = plus('part', c * SPLIT);
    const statement = `writeO(${outputFour(dims, `row${r}`, column)}, o${r}_${c} * factor);`;
    return inRow(c) ? [`  ${statement}`] : [`  if (${column} < ${columnsOfV(dims)}) {`, `    ${statement}`, '  }'];
  };
  const rows = own.flatMap((r) => [
    `if (${plus('firstRow', r)} < tile.rows) {`,
    `  let factor = select(0.0, 1.0 / l${r}, l${r} > 0.0);`,
    ...columnsV.flatMap((c) => write(r, c)),
    '}',
  ]);
  return phase('write', 'O / l; a row that saw no key has l = 0 and gives zeros.', rows);
}
