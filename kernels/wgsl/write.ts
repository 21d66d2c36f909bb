/** The write phase of wgsl-flash: the output of a work tile, or where its keys are split the part that a merge pass needs. */

import { sizes, type WgslConfiguration } from './configuration.ts';
import { indent, LANES, lines, phase, plus, range } from './emit.ts';
import { columnsOf, columnsOfV, outputFour, type RowDims } from './row-dims.ts';
import { type Exchange, overThreadColumns } from './softmax.ts';

/** vec4s of scratch of one split: sums [row][column] of the tile, then the maxima and the sums of weights of its rows. */
export function partVectors(headDimV: number, config: WgslConfiguration): number {
  return placesInPart(headDimV, config).end;
}

/** Where the maxima and the sums of a part begin, and where it ends. */
export function placesInPart(headDimV: number, config: WgslConfiguration) {
  const { blockRows } = sizes(headDimV, config);
  const maxima = blockRows * columnsOf(headDimV);
  return { maxima, sums: maxima + blockRows / 4, end: maxima + blockRows / 2 };
}

/** Statements for each column of a thread, in a test where the columns do not divide evenly. */
function overColumns(dims: RowDims, config: WgslConfiguration, store: (column: string, sums: string) => string) {
  return range(sizes(dims.headDimV, config).threadColumns).map((i) => {
    const column = plus('c', i * config.threadColumns);
    const whole = (i + 1) * config.threadColumns <= columnsOf(dims.headDimV);
    return whole ? store(column, `o${i}`) : `if (${column} < ${columnsOfV(dims)}) {\n  ${store(column, `o${i}`)}\n}`;
  });
}

/** WGSL functions that write a column of O, or to scratch of a part of it, for those rows of a thread that exist. */
export function writeFunctions(dims: RowDims, config: WgslConfiguration, splits: number): string {
  const [place, argument] = splits > 1 ? ['part: u32, ', 'part, '] : ['', ''];
  const write = (row: string, value: string) =>
    splits > 1
      ? `scratch[part + ${row === 'row' ? row : `(${row})`} * ${columnsOfV(dims)} + column] = ${value};`
      : `writeO(${outputFour(dims, row, 'column')}, ${value});`;
  const rows = range(4).map(
    (i) => `  if (${plus('row', i)} < tile.rows) {\n    ${write(plus('row', i), `x[${i}]`)}\n  }`,
  );
  const fours = range(config.rows / 4).map((v) => {
    const dims = LANES.map((lane) => `sums.${lane}.r${v}`).join(', ');
    return `  writeFour(tile, ${argument}${plus('row', 4 * config.threadRows * v)}, column, mat4x4f(${dims}));`;
  });
  return `
// A column of four rows, as far as they exist, from its four dims; then of all rows of the thread.
fn writeFour(tile: WorkTile, ${place}row: u32, column: u32, dims: mat4x4f) {
  let x = transpose(dims);
${lines(rows)}
}
fn writeColumn(tile: WorkTile, ${place}row: u32, column: u32, sums: Quad) {
${lines(fours)}
}
`;
}

/** write: row sums over the thread columns, then O / l; a row that saw no key has l = 0 and gives zeros. */
export function emitWrite(dims: RowDims, config: WgslConfiguration, splits: number, exchange: Exchange): string {
  const vectors = range(config.rows / 4);
  const total = overThreadColumns(config, 'sum', 'l', 'total', exchange);
  if (splits === 1) {
    const factors = vectors.map((v) => `select(vec4f(), 1.0 / total.r${v}, total.r${v} > vec4f())`);
    return phase(
      'write',
      'O / l, with l summed over the thread columns; a row that saw no key has l = 0 and gives zeros.',
      [
        ...total,
        `let factor = Rows(\n${lines(factors.map((factor) => `  ${factor},`))}\n);`,
        ...overColumns(
          dims,
          config,
          (column, sums) => `writeColumn(tile, ownRow, ${column}, multiplyQuad(${sums}, factor));`,
        ),
      ],
    );
  }
  const at = (value: string, v: number) => plus(`part + ${value} + r`, v * config.threadRows);
  const places = placesInPart(dims.headDimV, config);
  const statistics = vectors.flatMap((v) => [
    `scratch[${at(`${places.maxima}u`, v)}] = m.r${v};`,
    `scratch[${at(`${places.sums}u`, v)}] = total.r${v};`,
  ]);
  return phase('write', 'O, m and l of these keys to scratch, for the pass that merges the splits.', [
    ...total,
    `let part = (workgroup.y * ${splits}u + workgroup.x) * ${partVectors(dims.headDimV, config)}u;`,
    ...overColumns(dims, config, (column, sums) => `writeColumn(tile, part, ownRow, ${column}, ${sums});`),
    'if (c == 0u) {',
    indent(1, lines(statistics)),
    '}',
  ]);
}
