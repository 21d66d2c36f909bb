/** Phase stage V: a panel of keys, each row's dims to the panels that hold them. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import type { WasmDims } from './dims.ts';
import { valueAddress } from './pack.ts';
import { call, func, locals, loop, min, params } from './text/control.ts';
import { eachVectorOf, memory } from './text/vectors.ts';
import { type Code, global, i32, note, set, times } from './text/wat.ts';

/**
 * $stage_v: keys $first to $first + W of V at $v, to packed V at $packedV: [key block][dim
 * panel][key of the block][W dims], or with values 'rows' [key][dim].
 */
export function emitStageV(dims: WasmDims, config: WasmConfiguration): Code {
  const { v, packedV } = dims;
  const width = panelWidth(config);
  const rows = config.values === 'rows';
  const place = rows
    ? i32.mul('$key', packedV * 4)
    : i32.add(i32.mul('$blockStart', packedV * 4), i32.mul(i32.sub('$key', '$blockStart'), width * 4));
  return func(
    [
      `$stage_v: ${width} keys of V from $first on to packed V,`,
      `${rows ? '[key][dim]' : '[key block][dim panel][key of the block][dim of the panel]'}.`,
    ],
    '$stage_v',
    [
      params('i32', '$v', '$packedV', '$first'),
      locals('i32', '$key', '$end', '$d', '$from', '$to'),
      v % width === 0 ? [] : locals('v128', '$x'),
      rows ? [] : locals('i32', '$blockStart', '$panelBytes'),
    ],
    rows ? [] : emitBlock(config),
    set('$end', i32.add('$first', width)),
    loop(
      '$key',
      '$first',
      '$end',
      1,
      set('$from', call(valueAddress(dims), '$v', '$key')),
      set('$to', i32.add('$packedV', place)),
      v < width
        ? []
        : loop(
            '$d',
            0,
            v - (v % width),
            width,
            times(config.vectors, (i) => memory.store('$to', memory.load('$from', i * 16), i * 16)),
            set('$from', i32.add('$from', width * 4)),
            set('$to', i32.add('$to', rows ? width * 4 : '$panelBytes')),
          ),
      eachVectorOf(v % width, (row, i) => [
        set('$x', row.load('$from', i * 16)),
        note(rows ? 'no more than the row has, since the next one follows' : 'zeros pad the panel'),
        (rows ? row : memory).store('$to', '$x', i * 16),
      ]),
    ),
  );
}

/** The key block that the keys belong to, and the bytes of its panels: the last block may be short. */
const emitBlock = (config: WasmConfiguration): Code => [
  note('the first key of their block, and how long its panels are: the last block may be short'),
  set('$blockStart', i32.floor('$first', config.blockKeys)),
  set(
    '$panelBytes',
    i32.mul(min(i32.sub(global('$keysPadded'), '$blockStart'), config.blockKeys), panelWidth(config) * 4),
  ),
];
