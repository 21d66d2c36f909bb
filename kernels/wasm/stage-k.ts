/** Phase stage K: one panel of keys, transposed, so that the product reads it from one end to the other. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import type { WasmDims } from './dims.ts';
import { call, func, locals, loop, numbered, params, result } from './text/control.ts';
import {
  eachVector,
  f32x4,
  interleave,
  joinHalves,
  largestLane,
  memory,
  splat,
  type VectorAccess,
} from './text/vectors.ts';
import { type Code, i32, note, phase, set, times } from './text/wat.ts';

/**
 * $stage_k: keys $first to $first + W of K at $k, to a panel [dim][W keys] at $to; dims that pad it
 * stay the zeros that memory begins as. Returns the
 * largest |k|^2 of them.
 */
export function emitStageK({ q }: WasmDims, config: WasmConfiguration): Code {
  const width = panelWidth(config);
  return func(
    [
      `$stage_k: ${width} keys of K from $first on to a panel [dim][key] at $to, four keys by four dims at a time.`,
      'Returns the largest |k|^2 of them.',
    ],
    '$stage_k',
    [
      params('i32', '$k', '$to', '$first'),
      result('f32'),
      locals('i32', '$key', '$end', '$d', '$place', ...numbered('$r', 4)),
      locals('v128', '$squares', '$largest', ...numbered('$x', 4), ...numbered('$y', 4)),
    ],
    set('$end', i32.add('$first', width)),
    loop(
      '$key',
      '$first',
      '$end',
      4,
      times(4, (i) => set(`$r${i}`, call('$row_address', '$k', i32.add('$key', i)))),
      set('$squares', splat(0)),
      eachVector('$d', q, (row) => emitTranspose(width, row)),
      set('$largest', f32x4.max('$largest', '$squares')),
      set('$to', i32.add('$to', 16)),
    ),
    phase('the largest |k|^2', largestLane('$largest')),
  );
}

/** Four keys by four dims: the usual transposition by interleaving, low halves then high halves. */
function emitTranspose(width: number, row: VectorAccess): Code {
  return [
    note('x: four dims of four keys; y: the first two keys by turns, and the last two'),
    times(4, (i) => set(`$x${i}`, row.load(i32.add(`$r${i}`, '$d')))),
    set('$y0', interleave('$x0', '$x1', 'low')),
    set('$y1', interleave('$x0', '$x1', 'high')),
    set('$y2', interleave('$x2', '$x3', 'low')),
    set('$y3', interleave('$x2', '$x3', 'high')),
    note('x: one dim of four keys'),
    set('$x0', joinHalves('$y0', '$y2', 'low')),
    set('$x1', joinHalves('$y0', '$y2', 'high')),
    set('$x2', joinHalves('$y1', '$y3', 'low')),
    set('$x3', joinHalves('$y1', '$y3', 'high')),
    set('$place', i32.add('$to', i32.mul('$d', width))),
    times(4, (i) => memory.store('$place', `$x${i}`, i * width * 4)),
    times(4, (i) => set('$squares', f32x4.add('$squares', f32x4.mul(`$x${i}`, `$x${i}`)))),
  ];
}
