/** Phase write: the output sums divided by the row sums. */

import type { Features } from '../device.ts';
import type { WasmConfiguration } from './configuration.ts';
import { strideOfO, type WasmDims } from './dims.ts';
import { exp2Constants, exp2Locals } from './exp2.ts';
import { PARTIAL_BYTES, scratchLayout, statisticsLayout } from './scratch.ts';
import { emitSinkScale, sinkAt, sinkLocals } from './sinks.ts';
import { func, locals, loop, params, result, select } from './text/control.ts';
import { eachVector, f32x4, float, laneSum, memory, splat } from './text/vectors.ts';
import { type Code, global, i32, note, op, phase, set } from './text/wat.ts';

/**
 * $write: $rows rows of output sums at $scratch, divided by l, to $o, whose rows are global $qStride bytes apart, or $oStride. A row
 * that saw no key has l = 0 and gives zeros. Returns 1 where a number of the output is not finite, else 0. With sinks,
 * for which the features are given, the one at $sink joins l.
 */
export function emitWrite(dims: WasmDims, config: WasmConfiguration, sinks: Features | null): Code {
  const at = scratchLayout(dims, config);
  const { rowSums } = statisticsLayout(config);
  return func(
    '$write: $rows rows of output sums at $scratch, divided by l, to $o; 1 where a number among them is not finite.',
    '$write',
    [
      params('i32', '$o', '$rows', '$scratch', ...(sinks === null ? [] : ['$sink' as const])),
      result('i32'),
      locals('i32', '$row', '$d', '$from', '$sums'),
      locals('f32', '$l'),
      locals('v128', '$scale', '$value', '$finite'),
      sinks === null ? [] : [exp2Locals([]), sinkLocals()],
    ],
    sinks === null ? [] : exp2Constants(),
    set('$from', '$scratch'),
    set('$sums', i32.add('$scratch', at.stats + rowSums)),
    loop(
      '$row',
      0,
      '$rows',
      1,
      note('l of the row, and 1 / l; a row that saw no key has l = 0 and gives zeros'),
      set('$scale', f32x4.add(memory.load('$sums'), memory.load('$sums', 16))),
      set('$l', laneSum('$scale')),
      sinks === null
        ? set('$scale', op('f32x4.splat', inverseOrZero()))
        : [set('$scale', op('f32x4.splat', '$l')), emitSinkScale(maximumOf(dims, config), sinkAt('$sink'), sinks)],
      note('the row out; 0 times a number is 0 if that is finite, else NaN'),
      eachVector('$d', dims.v, (row) => [
        set('$value', f32x4.mul('$scale', row.load(i32.add('$from', '$d'), at.sums))),
        set('$finite', f32x4.add('$finite', f32x4.mul('$value', splat(0)))),
        row.store(i32.add('$o', '$d'), '$value'),
      ]),
      set('$o', i32.add('$o', global(strideOfO(dims)))),
      set('$from', i32.add('$from', dims.paddedV * 4)),
      set('$sums', i32.add('$sums', PARTIAL_BYTES)),
    ),
    phase('whether NaN came of any', op('v128.any_true', op('f32x4.ne', '$finite', splat(0)))),
  );
}

/** m of row $row in all lanes: a lane a row, in groups of whole vectors. */
function maximumOf(dims: WasmDims, config: WasmConfiguration) {
  const { maximum, groupBytes } = statisticsLayout(config);
  const group = i32.div('$row', config.rows);
  const lane = i32.sub('$row', i32.mul(group, config.rows));
  const place = i32.add(i32.mul(group, groupBytes), i32.floats(lane));
  return memory.loadSplat(i32.add('$scratch', place), scratchLayout(dims, config).stats + maximum);
}

const inverseOrZero = () => select(op('f32.div', float(1), '$l'), float(0), op('f32.gt', '$l', float(0)));
