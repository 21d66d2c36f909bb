/**
 * What the two matrix products share: a register tile of rows x vectors sums, and the loop that adds products to it.
 */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import { locals, numbered, repeat } from './text/control.ts';
import { type MultiplyAdd, memory } from './text/vectors.ts';
import { type Code, downwards, i32, type Name, note, set, times } from './text/wat.ts';

/** The sum of row r and vector i of the register tile. */
export const sumOf = (r: number, i: number): Name => `$c${r}_${i}`;

/** The locals of a product: its end, a broadcast, a row of the panel and the register tile. */
export const productLocals = (config: WasmConfiguration): Code => [
  locals('i32', '$end'),
  locals('v128', '$s', ...numbered('$b', config.vectors)),
  times(config.rows, (r) => locals('v128', ...numbered(`$c${r}_`, config.vectors))),
];

/**
 * The register tile += A B. A has rows `rowBytes` apart, from $a to $end in its first row; B is the panel at $b, whose
 * rows are `panelBytes` apart. Each step takes a row of the panel, and an element of A broadcast for each row of the
 * tile.
 */
export function productLoop(
  config: WasmConfiguration,
  rowBytes: number,
  multiplyAdd: MultiplyAdd,
  panelBytes = panelWidth(config) * 4,
): Code {
  const step = (element: number): Code => [
    note(`element ${element}: a row of the panel, then one broadcast for each row of the tile`),
    times(config.vectors, (i) => set(`$b${i}`, memory.load('$b', element * panelBytes + i * 16))),
    times(config.rows, (r) => [
      set('$s', memory.loadSplat('$a', r * rowBytes + element * 4)),
      times(config.vectors, (i) => set(sumOf(r, i), multiplyAdd('$s', `$b${i}`, sumOf(r, i)))),
    ]),
  ];
  return [
    note(`for a in a .. end step ${config.unroll * 4}: c[row][vector] += a[row] * b[vector]`),
    repeat(
      '$next',
      '$a',
      '$end',
      times(config.unroll, step),
      note('on to the next elements'),
      set('$a', i32.add('$a', config.unroll * 4)),
      set('$b', i32.add('$b', config.unroll * panelBytes)),
    ),
  ];
}

/**
 * The register tile to memory, each pair of vectors from its upper half down: the other way V8 stores the lower half
 * twice.
 */
export const storeTile = (config: WasmConfiguration, rowBytes: number): Code =>
  times(config.rows, (r) => downwards(config.vectors, (i) => memory.store('$c', sumOf(r, i), r * rowBytes + i * 16)));
