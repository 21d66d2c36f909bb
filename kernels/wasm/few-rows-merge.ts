/** `merge`: the partial results (m, l, sums) of the parts of the keys of a KV head to its rows of the output. */

import type { Features } from '../device.ts';
import { baseTwo } from './base-two.ts';
import { strideOfO } from './dims.ts';
import { emitExp2, exp2Constants, exp2Locals } from './exp2.ts';
import { type FewRows, fewRowsLayout, rowsInLanes, rowsOf } from './few-rows-layout.ts';
import { LOWEST } from './row-maximum.ts';
import { PARTIAL_BYTES } from './scratch.ts';
import { emitSinkScale, sinkAt, sinkLocals } from './sinks.ts';
import { exported, func, locals, loop, params, select } from './text/control.ts';
import { eachVector, f32x4, float, laneSum, memory, multiplyAddOf, splat } from './text/vectors.ts';
import { type Code, form, formOf, global, i32, note, op, phase, set, times } from './text/wat.ts';

/**
 * merge: M = max of m; the factor of a part is e^(m - M); o = sum of factor * sums / sum of factor * l. A row that saw
 * no key in any part has l = 0 and gives zeros; in a part of which it saw none, m is below all scores and its factor 0.
 * With sinks, those of the query heads are at $sinks; M then stands in place of m of the first part.
 */
export function emitMerge(shape: FewRows, features: Features, sinks: boolean): Code {
  const { headDimV, paddedV, tokens, group } = shape;
  const { padded } = rowsOf(shape);
  const { maximum, rescale, rowSums } = fewRowsLayout(shape);
  const inLanes = rowsInLanes(shape);
  const eachPart = (...body: Code[]): Code => [
    set('$p', '$partials'),
    loop('$part', 0, '$count', 1, body, set('$p', i32.add('$p', '$stride'))),
  ];
  return func(
    'merge: the partial results of $count parts from $partials on, $stride bytes apart, to the rows of a KV head at $o.',
    '$merge',
    [
      exported('merge'),
      params('i32', '$partials', '$count', '$stride', '$o', ...(sinks ? ['$sink' as const] : [])),
      locals('i32', '$p', '$part', '$member', '$token', '$d', '$to', '$row', '$rowSums', '$sums'),
      locals('v128', '$before', '$after', '$log2e', '$s', '$scale'),
      exp2Locals(['$x0']),
      locals('f32', '$l'),
      sinks ? sinkLocals() : [],
    ],
    exp2Constants(),
    set('$log2e', splat(Math.LOG2E)),
    times(Math.ceil(padded / 4), (four) =>
      phase(
        `the factors of rows ${four * 4} to ${Math.min(padded, four * 4 + 4) - 1}, a lane each: the largest m, then e^(m - largest)`,
        set('$after', splat(LOWEST)),
        eachPart(set('$after', f32x4.pmax('$after', memory.load('$p', maximum + four * 16)))),
        eachPart(
          set('$before', memory.load('$p', maximum + four * 16)),
          set('$x0', baseTwo(features).rescale),
          emitExp2(['$x0'], multiplyAddOf(features)),
          memory.store('$p', '$x0', rescale + four * 16),
        ),
        sinks ? memory.store('$partials', '$after', maximum + four * 16) : [],
      ),
    ),
    phase(
      'each row: l of all parts, then its sums times 1 / l',
      loop(
        '$member',
        0,
        group,
        1,
        set('$to', i32.add('$o', i32.mul('$member', headDimV * 4))),
        loop(
          '$token',
          0,
          tokens,
          1,
          set('$row', i32.add(i32.mul('$member', tokens), '$token')),
          set('$rowSums', i32.mul('$row', inLanes ? 4 : PARTIAL_BYTES)),
          set('$sums', i32.mul('$row', paddedV * 4)),
          set('$row', i32.floats('$row')),
          set('$s', splat(0)),
          eachPart(
            set('$scale', memory.loadSplat(i32.add('$p', '$row'), rescale)),
            inLanes
              ? set('$before', memory.loadSplat(i32.add('$p', '$rowSums'), rowSums))
              : [
                  set('$before', memory.load(i32.add('$p', '$rowSums'), rowSums)),
                  set('$before', f32x4.add('$before', memory.load(i32.add('$p', '$rowSums'), rowSums + 16))),
                ],
            set('$s', f32x4.add('$s', f32x4.mul('$scale', '$before'))),
          ),
          set('$l', inLanes ? form('f32x4.extract_lane', '0', formOf('$s')) : laneSum('$s')),
          sinks
            ? [
                set('$scale', op('f32x4.splat', '$l')),
                emitSinkScale(memory.loadSplat(i32.add('$partials', '$row'), maximum), sinkAt('$sink'), features),
              ]
            : [
                note('a row that saw no key has l = 0 and gives zeros'),
                set(
                  '$scale',
                  op('f32x4.splat', select(op('f32.div', float(1), '$l'), float(0), op('f32.gt', '$l', float(0)))),
                ),
              ],
          eachVector('$d', headDimV, (row) => [
            set('$s', splat(0)),
            eachPart(
              set('$before', memory.loadSplat(i32.add('$p', '$row'), rescale)),
              set('$after', memory.load(i32.add(i32.add('$p', '$sums'), '$d'))),
              set('$s', f32x4.add('$s', f32x4.mul('$before', '$after'))),
            ),
            row.store(i32.add('$to', '$d'), f32x4.mul('$scale', '$s')),
          ]),
          set('$to', i32.add('$to', global(strideOfO(shape)))),
        ),
        sinks ? set('$sink', i32.add('$sink', 4)) : [],
      ),
    ),
  );
}
