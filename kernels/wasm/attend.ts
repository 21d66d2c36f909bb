/** `attend`: one work tile, the query rows of one block against all keys that they see. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import type { WasmDims } from './dims.ts';
import type { WasmScores } from './flash.ts';
import { emitKeyBlock } from './key-block.ts';
import { call, exported, func, locals, loop, min, params, when } from './text/control.ts';
import { type Code, form, global, i32, type Name, note, op, phase, set } from './text/wat.ts';

/**
 * attend: $rows query rows from row $firstRow of the sequence. $q and $o point at the first of them, $packedK and
 * $packedV at the packed KV head, $norms at the norms of its panels, $scratch at the private memory of the thread
 * (scratch.ts), $sink at the sink of the query head where there are sinks.
 */
export function emitAttend(dims: WasmDims, config: WasmConfiguration, { softcap, sinks }: WasmScores): Code {
  const width = panelWidth(config);
  const sink: Name[] = sinks === true ? ['$sink'] : [];
  const blockLength: Name[] = config.values === 'rows' ? [] : ['$blockLength'];
  return func(
    [
      'attend: one work tile, $rows query rows from $firstRow of the sequence.',
      '$q and $o point at the first of them, $packedK, $packedV and $norms at the KV head.',
    ],
    '$attend',
    [
      exported('attend'),
      params('i32', '$q', '$o', '$rows', '$firstRow', '$packedK', '$packedV', '$scratch', '$norms', ...sink),
      locals('i32', '$paddedRows', '$firstKey', '$lastKey', '$bounded', '$overflow'),
      locals('i32', '$key', '$keys', ...blockLength, '$row', '$stats', '$scores', '$groupKeys', '$masked', '$panel'),
    ],
    phase(
      'the keys that any row sees, the first rounded down to a block',
      set('$firstKey', i32.floor(call('$low_key', '$firstRow'), config.blockKeys)),
      set('$lastKey', call('$high_key', i32.sub(i32.add('$firstRow', '$rows'), 1))),
    ),
    phase('rows in whole groups', set('$paddedRows', i32.ceil('$rows', config.rows))),
    config.maxima === 'always'
      ? []
      : phase(
          'the norms of the panels that are seen tell whether maxima are needed',
          set(
            '$bounded',
            call('$bounded', '$q', '$rows', '$norms', i32.div('$firstKey', width), panels('$lastKey', width)),
          ),
        ),
    phase('once, or twice where the sums overflow without maxima'),
    form(
      'loop',
      '$again',
      phase('load q', call('$load_q', '$q', '$rows', '$paddedRows', '$scratch', '$bounded')),
      phase(
        'for each key block: scores, mask, row maximum, rescale, exponentials, row sum, accumulate',
        loop(
          '$key',
          '$firstKey',
          '$lastKey',
          config.blockKeys,
          note('keys of the block up to the last that any row sees, in whole panels'),
          set('$keys', min(i32.ceil(i32.sub('$lastKey', '$key'), width), config.blockKeys)),
          config.values === 'rows' ? [] : emitBlockLength(config),
          emitKeyBlock(dims, config, softcap != null),
        ),
      ),
      phase('write', set('$overflow', call('$write', '$o', '$rows', '$scratch', ...sink))),
      phase(
        'values so large that weights above 1 made the sums overflow: once more, with maxima',
        when(op('i32.and', '$bounded', '$overflow'), [set('$bounded', 0), form('br', '$again')]),
      ),
    ),
  );
}

/** Packed V is [key block][dim panel][key][dim]: its panels are as long as the block. */
const emitBlockLength = (config: WasmConfiguration): Code => [
  note('keys of the block that are packed: so long are its panels of V'),
  set('$blockLength', min(i32.sub(global('$keysPadded'), '$key'), config.blockKeys)),
];

/** Panels that hold the keys before `key`. */
const panels = (key: '$lastKey', width: number) => i32.div(i32.add(key, width - 1), width);
