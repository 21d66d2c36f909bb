/**
 * The mask, all of it: row r of the sequence sees the keys lowKey(r) <= key < highKey(r). Blocks of keys that no row of a work tile
 * sees are never visited; those that every row sees whole need no comparison.
 */

import type { WgslConfiguration } from './configuration.ts';
import { LANES, lines, phase, plus, range } from './emit.ts';

/** A query row that no key reaches has this as its maximum; finite, so that differences stay finite. */
export const LOWEST = '-0x1p+100f';
/** What masked scores become: far below LOWEST, so exp2(MASKED - maximum) is 0. */
export const MASKED = '-0x1p+126f';

/** WGSL functions: the keys that a row sees, from the offsets that the host gives. */
export const keyRange = `
// The mask: row \`row\` of the sequence sees the keys lowKey(row) <= key < highKey(row).
fn lowKey(row: u32) -> i32 {
  return max(i32(row) + params.windowLow, 0);
}
fn highKey(row: u32) -> i32 {
  return clamp(i32(row) + params.windowHigh, 0, i32(params.seqKv));
}
`;

/** Statements that declare low<n> and high<n>, the bounds of the keys that a row of the tile sees. */
export const rowBounds = (n: number | '', row: string) => [
  `let low${n} = lowKey(rowInSequence(tile, ${row}));`,
  `let high${n} = highKey(rowInSequence(tile, ${row}));`,
];

/** WGSL condition over those bounds: whether the row sees `key`, an i32. */
export const seesBetween = (key: string, n: number | '') => `${key} >= low${n} && ${key} < high${n}`;

/** The same over four keys, a vec4i, as a vec4 of conditions. */
export const seesFour = (keys: string, n: number) => `(${keys} >= vec4i(low${n})) & (${keys} < vec4i(high${n}))`;

/** Statements that declare firstKey and endKey, the keys that a workgroup visits in whole blocks, and the part that every row sees. */
export function emitKeyRange(splits: number): string {
  const begin = 'lowKey(tile.firstRow) / i32(blockKeys) * i32(blockKeys)';
  const visited =
    splits === 1
      ? [
          '// The keys that any row of the tile sees, from the start of a block.',
          `let firstKey = ${begin};`,
          'let endKey = highKey(lastRow);',
        ]
      : [
          `// The keys that any row of the tile sees, in ${splits} splits of whole blocks; this workgroup has split workgroup.x.`,
          `let begin = ${begin};`,
          'let keyBlocks = max(0, (highKey(lastRow) - begin + i32(blockKeys) - 1) / i32(blockKeys));',
          `let firstKey = begin + keyBlocks * i32(workgroup.x) / ${splits} * i32(blockKeys);`,
          `let endKey = min(highKey(lastRow), begin + keyBlocks * (i32(workgroup.x) + 1) / ${splits} * i32(blockKeys));`,
        ];
  return lines([
    'let lastRow = tile.firstRow + tile.tokens - 1u;',
    ...visited,
    '// The keys that every row of it sees: their blocks need no mask.',
    'let plainBegin = lowKey(lastRow);',
    'let plainEnd = highKey(tile.firstRow);',
  ]);
}

/** WGSL functions that mask scores in registers, Rows and Quads of `vectors` vec4s of rows (see thread-tile.ts). */
export function maskFunctions(vectors: number): string {
  const rows = range(vectors).map(
    (v) => `select(vec4f(${MASKED}), s.r${v}, (vec4i(key) >= low.r${v}) & (vec4i(key) < high.r${v}))`,
  );
  const fourRows = (bound: string) =>
    lines(range(4).map((i) => `    ${bound}(rowInSequence(tile, ${plus('row', i)})),`));
  return `
// The keys that the rows of a thread see, from low up to, not including, high; those of four rows from \`row\` on.
struct RowKeys {
${lines(range(vectors).map((v) => `  r${v}: vec4i,`))}
}
fn lowKeys(tile: WorkTile, row: u32) -> vec4i {
  return vec4i(
${fourRows('lowKey')}
  );
}
fn highKeys(tile: WorkTile, row: u32) -> vec4i {
  return vec4i(
${fourRows('highKey')}
  );
}
// Scores of one key, then of four: those of rows that do not see it become ${MASKED}, whose weight is 0.
fn maskRows(s: Rows, key: i32, low: RowKeys, high: RowKeys) -> Rows {
  return Rows(
${lines(rows.map((row) => `    ${row},`))}
  );
}
fn maskQuad(s: Quad, key: i32, low: RowKeys, high: RowKeys) -> Quad {
  return Quad(
${lines(LANES.map((lane, i) => `    maskRows(s.${lane}, key${i === 0 ? '' : ` + ${i}`}, low, high),`))}
  );
}
`;
}

/** The mask phase of wgsl-flash, over the scores s<four keys> of a thread. */
export function emitMask(config: WgslConfiguration): string {
  const bounds = (name: string) =>
    `RowKeys(${range(config.rows / 4)
      .map((v) => `${name}Keys(tile, ${plus('ownRow', v * 4 * config.threadRows)})`)
      .join(', ')})`;
  return phase('mask', 'only in blocks that some row does not see whole.', [
    'if (base < plainBegin || base + i32(blockKeys) > plainEnd) {',
    `  let low = ${bounds('low')};`,
    `  let high = ${bounds('high')};`,
    '  let key = base + i32(c * 4u);',
    ...range(config.keys / 4).map(
      (g) => `  s${g} = maskQuad(s${g}, key${g === 0 ? '' : ` + ${g * 4 * config.threadColumns}`}, low, high);`,
    ),
    '}',
  ]);
}
