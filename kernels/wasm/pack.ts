/** Phases stage K and stage V: one KV head from [token][dim] rows to the panels that the products stream through. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import type { WasmDims } from './dims.ts';
import { call, exported, func, locals, loop, params, result, select, when } from './text/control.ts';
import { memory } from './text/vectors.ts';
import { blank, type Code, global, i32, type Name, op, phase, set } from './text/wat.ts';

/**
 * pack: panels $first <= p < $last of K and V; a panel is W = 4 * vectors keys.
 *
 * packedK is [key panel][dim, padded][W keys]; packedV is [key block][dim panel][key, padded][W dims], each block as the
 * products read it from one end to the other, or with values 'rows' [key, padded][dim]. $norms gets the largest |k|^2
 * of each panel. Where $packedV is $v, V lies as the products want it and stays there.
 */
export function emitPack({ paddedQ }: WasmDims, config: WasmConfiguration): Code {
  const width = panelWidth(config);
  const panel = i32.add('$packedK', i32.mul('$panel', paddedQ * width * 4));
  const stageV = call('$stage_v', '$v', '$packedV', '$key');
  return func(
    'pack: panels $first .. $last of K and V of one KV head; the largest |k|^2 of each panel goes to $norms.',
    '$pack',
    [
      exported('pack'),
      params('i32', '$k', '$v', '$packedK', '$packedV', '$first', '$last', '$norms'),
      locals('i32', '$panel', '$key'),
    ],
    loop(
      '$panel',
      '$first',
      '$last',
      1,
      set('$key', i32.mul('$panel', width)),
      phase(
        'stage K',
        memory.storeFloat(i32.add('$norms', i32.floats('$panel')), call('$stage_k', '$k', panel, '$key')),
      ),
      config.values === 'rows'
        ? phase('stage V, unless it is used where it lies', when(op('i32.ne', '$packedV', '$v'), stageV))
        : phase('stage V', stageV),
      blank,
    ),
  );
}

/**
 * $row_address: where row $key of K or V begins, whose first is at $base. Past the last key it is address 0, where the
 * host keeps a row of zeros: the weight of such a key is 0, and 0 times anything finite is 0.
 */
export const emitRowAddress = (): Code => addressFunction('$row_address', 'K or V', '$kvStride');

/** $value_address: the same of V, whose rows are global $vStride bytes apart where they have a length of their own. */
export const emitValueAddress = (): Code => addressFunction('$value_address', 'V', '$vStride');

/** The one of them that knows the rows of V. */
export const valueAddress = ({ ownV }: WasmDims): Name => (ownV ? '$value_address' : '$row_address');

const addressFunction = (name: Name, what: string, stride: Name): Code =>
  func(
    `${name}: row $key of ${what} at $base; past the last key the row of zeros at address 0.`,
    name,
    [params('i32', '$base', '$key'), result('i32')],
    select(i32.add('$base', i32.mul('$key', global(stride))), 0, op('i32.lt_s', '$key', global('$seqKv'))),
  );
