/** The online softmax with rows in lanes: maxima, rescale factors, weights and row sums without any fold; and the mask. */

import type { Features } from '../device.ts';
import { baseTwo } from './base-two.ts';
import { emitExp2, exp2Constants, exp2Locals } from './exp2.ts';
import { type FewRows, fewRowsLayout, lanesStatistics, rowsOf } from './few-rows-layout.ts';
import { MASKED } from './mask.ts';
import { LOWEST } from './row-maximum.ts';
import { func, locals, loop, numbered, params } from './text/control.ts';
import { f32x4, memory, multiplyAddOf, splat } from './text/vectors.ts';
import { type Code, downwards, i32, type Name, op, phase, set, times } from './text/wat.ts';

/** Vectors whose exponentials are taken side by side. */
const ABREAST = 4;

/**
 * $softmax_lanes: the $count scores (a multiple of 4) at $scores, [key][row], become weights e^(s - m); the statistics
 * at $stats move on: m' = max(m, s), rescale = e^(m - m'), l' = l rescale + sum of weights.
 */
export function emitLaneSoftmax(shape: FewRows, features: Features): Code {
  const multiplyAdd = multiplyAddOf(features);
  const base = baseTwo(features);
  const at = lanesStatistics(shape);
  const vectors = rowsOf(shape).padded / 4;
  const each = (emit: (v: number) => Code) => times(vectors, emit);
  const names = numbered('$x', ABREAST);
  const stepBytes = ABREAST * 16;
  const [shift, sum] = [(v: number): Name => `$m${v}`, (v: number): Name => `$l${v}`];
  return func(
    [
      `$softmax_lanes: the $count scores of ${vectors * 4} rows, a lane each, from $scores become weights e^(score - m).`,
      'The statistics of the rows are at $stats.',
    ],
    '$softmax_lanes',
    [
      params('i32', '$scores', '$count', '$stats'),
      locals('i32', '$p', '$end'),
      locals('v128', '$log2e', '$before', '$after'),
      locals('v128', ...numbered('$m', vectors), ...numbered('$l', vectors)),
      exp2Locals(names),
    ],
    exp2Constants(),
    set('$log2e', splat(Math.LOG2E)),
    set('$end', i32.add('$scores', i32.mul('$count', vectors * 16))),
    phase(
      'row maximum: the largest score of each row of the step',
      each((v) => set(shift(v), splat(LOWEST))),
      loop(
        '$p',
        '$scores',
        '$end',
        stepBytes,
        times(ABREAST, (i) => set(shift(i % vectors), f32x4.pmax(shift(i % vectors), memory.load('$p', i * 16)))),
      ),
      downwards(vectors, (v) => memory.store('$stats', shift(v), at.stepMaxima + v * 16)),
    ),
    phase(
      'rescale: the new maxima, and what the sums before them are multiplied by',
      each((v) => [
        set('$before', memory.load('$stats', at.maximum + v * 16)),
        set('$after', f32x4.pmax('$before', memory.load('$stats', at.stepMaxima + v * 16))),
        memory.store('$stats', '$after', at.maximum + v * 16),
        memory.store('$stats', base.shift, at.shift + v * 16),
        set('$x0', base.rescale),
        emitExp2(['$x0'], multiplyAdd),
        memory.store('$stats', '$x0', at.rescale + v * 16),
        memory.store('$stats', f32x4.mul('$x0', memory.load('$stats', at.rowSums + v * 16)), at.rowSums + v * 16),
      ]),
    ),
    phase(
      'exponentials and row sum',
      each((v) => set(shift(v), memory.load('$stats', at.shift + v * 16))),
      each((v) => set(sum(v), memory.load('$stats', at.rowSums + v * 16))),
      loop(
        '$p',
        '$scores',
        '$end',
        stepBytes,
        names.map((x, i) => set(x, base.exponent(memory.load('$p', i * 16), shift(i % vectors)))),
        emitExp2(names, multiplyAdd),
        downwards(ABREAST, (i) => memory.store('$p', `$x${i}`, i * 16)),
        times(ABREAST, (i) => set(sum(i % vectors), f32x4.add(sum(i % vectors), `$x${i}`))),
      ),
      downwards(vectors, (v) => memory.store('$stats', sum(v), at.rowSums + v * 16)),
    ),
  );
}

/**
 * $mask_lanes: of the $count scores from $scores on, [key][row], which are those of keys from $key on, the ones of keys
 * that their row does not see become so low that they weigh nothing. $scratch has the keys that each row sees.
 */
export function emitLaneMask(shape: FewRows): Code {
  const vectors = rowsOf(shape).padded / 4;
  const { lowKeys, highKeys } = fewRowsLayout(shape);
  return func(
    '$mask_lanes: hides the keys that their row does not see among the $count at $scores, which begin with key $key.',
    '$mask_lanes',
    [params('i32', '$scores', '$key', '$count', '$scratch'), locals('i32', '$j', '$last'), locals('v128', '$at')],
    set('$last', i32.add('$key', '$count')),
    loop(
      '$j',
      '$key',
      '$last',
      1,
      set('$at', op('i32x4.splat', '$j')),
      times(vectors, (v) =>
        memory.store(
          '$scores',
          op(
            'v128.bitselect',
            memory.load('$scores', v * 16),
            splat(MASKED),
            op(
              'v128.and',
              op('i32x4.ge_s', '$at', memory.load('$scratch', lowKeys + v * 16)),
              op('i32x4.lt_s', '$at', memory.load('$scratch', highKeys + v * 16)),
            ),
          ),
          v * 16,
        ),
      ),
      set('$scores', i32.add('$scores', vectors * 16)),
    ),
  );
}
