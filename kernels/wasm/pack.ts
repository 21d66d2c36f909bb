/** Phases stage K and stage V: one KV head from [token][dim] rows to the panels that the products stream through. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import { call, exported, func, locals, loop, min, numbered, params, result, select, when } from './text/control.ts';
import { f32x4, interleave, joinHalves, largestLane, memory, splat } from './text/vectors.ts';
import { blank, type Code, global, i32, type Name, note, op, phase, set, times } from './text/wat.ts';

/**
 * Packs panels $first <= p < $last of K and V; a panel is W = 4 * vectors keys.
 *
 * packedK is [key panel][dim][W keys]; packedV is [key block][dim panel][key, padded][W dims], each block as the products read
 * it from one end to the other, or with values 'rows' [key, padded][dim]. $norms gets the largest |k|^2 of each panel.
 * Keys past seqKv are zeros, read from address 0, where the host keeps a row of them: their weight is 0 and 0 times anything
 * finite is 0. Where $packedV is $v, V lies as the products want it and stays there.
 */
export function emitPack(headDim: number, config: WasmConfiguration): Code {
  const width = panelWidth(config);
  const values = emitStageV(headDim, config);
  return [
    emitRowAddress,
    blank,
    func(
      'pack: panels $first .. $last of K and V of one KV head; the largest |k|^2 of each panel goes to $norms.',
      '$pack',
      [
        exported('pack'),
        params('i32', '$k', '$v', '$packedK', '$packedV', '$first', '$last', '$norms'),
        locals('i32', '$panel', '$key', '$begin', '$end', '$blockStart', '$blockLength', '$d', '$from', '$to', '$toK'),
        locals('i32', ...numbered('$r', 4)),
        locals('v128', '$squares', '$largest', ...numbered('$x', 4), ...numbered('$y', 4)),
      ],
      loop(
        '$panel',
        '$first',
        '$last',
        1,
        set('$begin', i32.mul('$panel', width)),
        set('$end', i32.add('$begin', width)),
        phase('stage K: transposed, four keys by four dims at a time', emitStageK(headDim, width)),
        config.values === 'rows'
          ? phase('stage V: row by row, unless it is used where it lies', when(op('i32.ne', '$packedV', '$v'), values))
          : phase('stage V: the dims of a row to the panels that hold them', values),
        blank,
      ),
    ),
  ];
}

/** $row_address: row $key of a tensor at $base, or the zeros at address 0 past the last key. */
const emitRowAddress: Code = func(
  '$row_address: row $key of K or V at $base; past the last key the row of zeros at address 0.',
  '$row_address',
  [params('i32', '$base', '$key'), result('i32')],
  select(i32.add('$base', i32.mul('$key', global('$kvStride'))), 0, op('i32.lt_s', '$key', global('$seqKv'))),
);

/** Keys $begin to $end to [dim][key], and the largest sum of their squares. */
function emitStageK(headDim: number, width: number): Code {
  return [
    set('$toK', i32.add('$packedK', i32.mul('$panel', headDim * width * 4))),
    set('$largest', splat(0)),
    loop(
      '$key',
      '$begin',
      '$end',
      4,
      times(4, (i) => set(`$r${i}`, call('$row_address', '$k', i32.add('$key', i)))),
      set('$squares', splat(0)),
      loop('$d', 0, headDim * 4, 16, emitTranspose(width)),
      set('$largest', f32x4.max('$largest', '$squares')),
      set('$toK', i32.add('$toK', 16)),
    ),
    memory.storeFloat(i32.add('$norms', i32.floats('$panel')), largestLane('$largest')),
  ];
}

/** Four keys by four dims: the usual transposition by interleaving, low halves then high halves. */
function emitTranspose(width: number): Code {
  const column = (i: number) => {
    const [a, b]: [Name, Name] = i < 2 ? ['$y0', '$y2'] : ['$y1', '$y3'];
    return joinHalves(a, b, i % 2 === 0 ? 'low' : 'high');
  };
  return [
    times(4, (i) => set(`$x${i}`, memory.load(i32.add(`$r${i}`, '$d')))),
    set('$y0', interleave('$x0', '$x1', 'low')),
    set('$y1', interleave('$x0', '$x1', 'high')),
    set('$y2', interleave('$x2', '$x3', 'low')),
    set('$y3', interleave('$x2', '$x3', 'high')),
    set('$to', i32.add('$toK', i32.mul('$d', width))),
    times(4, (i) => [
      set(`$x${i}`, column(i)),
      memory.store('$to', `$x${i}`, i * width * 4),
      set('$squares', f32x4.add('$squares', f32x4.mul(`$x${i}`, `$x${i}`))),
    ]),
  ];
}

/** Keys $begin to $end to packedV. */
function emitStageV(headDim: number, config: WasmConfiguration): Code {
  const width = panelWidth(config);
  const rows = config.values === 'rows';
  const place = rows
    ? i32.mul('$key', headDim * 4)
    : i32.add(i32.mul('$blockStart', headDim * 4), i32.mul(i32.sub('$key', '$blockStart'), width * 4));
  const block: Code = [
    note('the key block of the panel: packed V is [key block][dim panel][key of the block][dim of the panel]'),
    set('$blockStart', i32.floor('$begin', config.blockKeys)),
    set('$blockLength', min(config.blockKeys, i32.sub(global('$keysPadded'), '$blockStart'))),
  ];
  return [
    rows ? [] : block,
    loop(
      '$key',
      '$begin',
      '$end',
      1,
      set('$from', call('$row_address', '$v', '$key')),
      set('$to', i32.add('$packedV', place)),
      loop(
        '$d',
        0,
        headDim,
        width,
        times(config.vectors, (i) => memory.store('$to', memory.load('$from', i * 16), i * 16)),
        set('$from', i32.add('$from', width * 4)),
        set('$to', i32.add('$to', rows ? width * 4 : i32.mul('$blockLength', width * 4))),
      ),
    ),
  ];
}
