/** Which keys a query row sees under the mask, as small functions. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import { call, func, max, min, params, result, select } from './text/control.ts';
import { blank, type Code, global, i32, type Name, op } from './text/wat.ts';

const minOrMax = (name: Name, comment: string, compare: string): Code =>
  func(
    `${name}: ${comment}`,
    name,
    [params('i32', '$a', '$b'), result('i32')],
    select('$a', '$b', op(compare, '$a', '$b')),
  );

/** $min and $max of two signed numbers. */
export const emitMinMax = (): Code => [
  minOrMax('$min', 'the smaller of two signed numbers.', 'i32.lt_s'),
  blank,
  minOrMax('$max', 'the larger of two signed numbers.', 'i32.gt_s'),
];

/**
 * $low_key and $high_key of query row $position of the sequence: the first key that it sees, and the first after the
 * last.
 */
export const emitKeyRange = (): Code => [
  func(
    '$low_key: the first key that query row $position of the sequence sees.',
    '$low_key',
    [params('i32', '$position'), result('i32')],
    max(i32.add('$position', global('$windowLow')), 0),
  ),
  blank,
  func(
    '$high_key: the first key after the last that it sees.',
    '$high_key',
    [params('i32', '$position'), result('i32')],
    min(max(i32.add('$position', global('$windowHigh')), 0), global('$seqKv')),
  ),
];

/** $group_keys: how many of the $keys keys from $key on a row group takes, whose last row is query row $position. */
export const emitGroupKeys = (config: WasmConfiguration): Code =>
  func(
    [
      '$group_keys: how many of the $keys keys from $key on a row group takes, in whole panels:',
      'up to the last that its last row, $position, sees.',
    ],
    '$group_keys',
    [params('i32', '$position', '$key', '$keys'), result('i32')],
    min(max(i32.ceil(i32.sub(call('$high_key', '$position'), '$key'), panelWidth(config)), 0), '$keys'),
  );
