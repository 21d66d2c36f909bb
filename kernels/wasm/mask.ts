/** Phase mask: scores of keys that a row does not see become so low that they weigh exactly nothing. */

import type { WasmConfiguration } from './configuration.ts';
import { call, func, locals, loop, max, min, params, repeat, when } from './text/control.ts';
import { float, memory } from './text/vectors.ts';
import { blank, type Code, i32, note, op, set } from './text/wat.ts';

/** What masked scores are set to: far below where the running maximum starts, so that it never becomes one. */
export const MASKED = '-0x1p+126';

/**
 * $mask: of the $count scores of each row of a group from $scores on, which are those of the keys from $key on, the
 * ones before and after what the row sees are overwritten. The first row is query row $position of the sequence; rows
 * are blockKeys floats apart.
 */
export function emitMask(config: WasmConfiguration): Code {
  /** How many scores of the row come before a key. */
  const before = (key: '$low_key' | '$high_key') => min(max(i32.sub(call(key, '$row'), '$key'), 0), '$count');
  return [
    func(
      [
        `$mask: hides what ${config.rows} rows, from query row $position on, do not see`,
        'among the $count scores of each, which begin at $scores with key $key.',
      ],
      '$mask',
      [params('i32', '$scores', '$key', '$count', '$position'), locals('i32', '$row', '$low', '$high')],
      loop(
        '$row',
        '$position',
        i32.add('$position', config.rows),
        1,
        note('scores low .. high are seen'),
        set('$low', before('$low_key')),
        set('$high', max('$low', before('$high_key'))),
        call('$hide', '$scores', i32.add('$scores', i32.floats('$low'))),
        call('$hide', i32.add('$scores', i32.floats('$high')), i32.add('$scores', i32.floats('$count'))),
        set('$scores', i32.add('$scores', config.blockKeys * 4)),
      ),
    ),
    blank,
    emitHide,
  ];
}

/** $hide: the scores from $p up to $end become MASKED. */
const emitHide: Code = func(
  '$hide: the scores from $p up to $end become so low that they weigh nothing.',
  '$hide',
  params('i32', '$p', '$end'),
  when(
    op('i32.lt_u', '$p', '$end'),
    repeat('$next', '$p', '$end', memory.storeFloat('$p', float(MASKED)), set('$p', i32.add('$p', 4))),
  ),
);
