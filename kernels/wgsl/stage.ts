/** The phases of wgsl-flash that move blocks of q, k and v from memory to workgroup memory. */

import { sizes, type WgslConfiguration } from './configuration.ts';
import { indent, lines, phase, plus, range } from './emit.ts';
import { stagedOfDims } from './layout.ts';
import { columnsOf, columnsOfV, isWhole, type RowDims } from './row-dims.ts';

/**
 * Statements for each t of `count`, shared out over the threads. Tint knows a loop to end only where it counts by 1 to a constant, and
 * adds a counter of its own to others, which took 3 of 100 issues (docs/wgsl-attention.md); what every thread does
 * once needs no loop. Only a count that the threads do not divide steps by them: with the last step under a condition a register is
 * spilled at 12 rows a thread.
 */
function shareOut(count: number, config: WgslConfiguration, statements: string[]): string[] {
  const { threads } = sizes(0, config);
  const steps = count / threads;
  if (steps < 1) return [`if (thread < ${count}u) {`, indent(1, lines(['let t = thread;', ...statements])), '}'];
  if (!Number.isInteger(steps)) {
    return [`for (var t = thread; t < ${count}u; t += threads) {`, indent(1, lines(statements)), '}'];
  }
  const [head, t] =
    steps === 1 ? ['{', 'thread'] : [`for (var i = 0u; i < ${steps}u; i += 1u) {`, 'thread + i * threads'];
  return [head, indent(1, lines([`let t = ${t};`, ...statements])), '}'];
}

/** Statements that copy a chunk of dims of `count` rows or keys to `stage`, as [dim][row] in vec4s of four rows. */
function stageTransposed(
  config: WgslConfiguration,
  count: number,
  load: (row: string) => string,
  offset: string,
  place: string,
): string[] {
  const quads = config.chunk / 4;
  return shareOut((count / 4) * quads, config, [
    `let dims = t % ${quads}u;`,
    `let four = t / ${quads}u;`,
    'let x = transpose(mat4x4f(',
    ...range(4).map((i) => `  ${load(plus('four * 4u', i))},`),
    '));',
    `let to = ${offset}dims * ${count}u + ${place};`,
    ...range(4).map((i) => `stage[${plus('to', (i * count) / 4)}] = x[${i}];`),
  ]);
}

/** load q: every block of keys stages it anew, a chunk of its dims at a time, since workgroup memory holds no more. */
export function emitLoadQ(config: WgslConfiguration): string {
  return phase(
    'load q',
    `${config.chunk} dims of the tile's rows, as [dim][row]. x turns four dims of four rows in registers.`,
    stageTransposed(
      config,
      sizes(0, config).blockRows,
      (row) => `loadQ(tile, ${row}, d + dims)`,
      '',
      stagedOfDims(config, 'r'),
    ),
  );
}

/** stage K: the same dims of the block's keys, behind q. */
export function emitStageK(config: WgslConfiguration): string {
  const load = (row: string) => `loadK(tile, u32(base) + ${row}, d + dims)`;
  return phase('stage K', `the same dims of the block's keys, as [dim][key], behind q.`, [
    ...stageTransposed(config, sizes(0, config).blockKeys, load, 'stagedK + ', stagedOfDims(config, 'c')),
    'workgroupBarrier();',
  ]);
}

/**
 * stage V: `valueKeys` keys of v from `key` on, as [key][column]. Columns past headDimV, which the last threads own where the columns
 * do not divide evenly, are zeros.
 */
export function emitStageV(dims: RowDims, config: WgslConfiguration, what: string, key: string): string {
  const { paddedColumns } = sizes(dims.headDimV, config);
  const columns = columnsOfV(dims);
  const value =
    paddedColumns === columnsOf(dims.headDimV) || !isWhole(dims.headDimV)
      ? 'loadV(tile, key, column)'
      : `select(vec4f(), loadV(tile, key, min(column, ${columns} - 1u)), column < ${columns})`;
  return phase(
    'stage V',
    what,
    shareOut(config.valueKeys * paddedColumns, config, [
      `let key = ${key} + t / ${paddedColumns}u;`,
      `let column = t % ${paddedColumns}u;`,
      `stage[t] = ${value};`,
    ]),
  );
}
