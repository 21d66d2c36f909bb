/** Whether the norms of q and k keep every logit of a work tile so small that its softmax needs no maxima. */

import type { WasmDims } from './dims.ts';
import { func, locals, loop, params, result } from './text/control.ts';
import { eachVectorOf, f32, f32x4, float, laneSum, memory, splat, type VectorAccess } from './text/vectors.ts';
import { type Code, global, i32, op, phase, set, times } from './text/wat.ts';

/**
 * |q . k| <= |q| |k| (Cauchy and Schwarz). Where the largest norms of a work tile give at most this for every logit, m
 * can begin at 0, and weights e^(s - m) lie between e^-48 (a masked block may raise m to 24) and e^24: in the middle of
 * the range of f32, so that blocks without a mask need no maxima, and exponents no lower limit. Normal inputs of unit
 * variance stay below 18 at head dimension 128; q and k normalised to unit mean square give 11.3.
 */
export const LOGIT_BOUND = 24;

/**
 * $bounded: 1 where scale^2 |q|^2 |k|^2 is at most LOGIT_BOUND^2 for each of the $rows rows at $q, global $qStride
 * bytes apart, and each key of panels $first to $last (exclusive), of which $norms holds the largest |k|^2. NaN or
 * infinity anywhere makes it 0.
 */
export function emitBounded({ q }: WasmDims): Code {
  const sixteens = q - (q % 16);
  const square = (row: VectorAccess, i: number): Code => [
    set('$x', row.load(i32.add('$q', '$d'), i * 16)),
    set('$squares', f32x4.add('$squares', f32x4.mul('$x', '$x'))),
  ];
  return func(
    [
      `$bounded: 1 where |q| |k| keeps every logit within ${LOGIT_BOUND},`,
      'of $rows rows at $q and the keys of panels $first .. $last, whose largest |k|^2 are at $norms.',
    ],
    '$bounded',
    [
      params('i32', '$q', '$rows', '$norms', '$first', '$last'),
      result('i32'),
      locals('i32', '$row', '$d', '$panel'),
      locals('v128', '$squares', '$x'),
      locals('f32', '$rowNorm', '$keyNorm'),
    ],
    phase(
      'the largest |q|^2',
      loop(
        '$row',
        0,
        '$rows',
        1,
        set('$squares', splat(0)),
        sixteens === 0
          ? set('$d', 0)
          : loop(
              '$d',
              0,
              sixteens * 4,
              64,
              times(4, (i) => square(memory, i)),
            ),
        eachVectorOf(q - sixteens, square),
        set('$rowNorm', f32.max('$rowNorm', laneSum('$squares'))),
        set('$q', i32.add('$q', global('$qStride'))),
      ),
    ),
    phase(
      'the largest |k|^2',
      loop(
        '$panel',
        '$first',
        '$last',
        1,
        set('$keyNorm', f32.max('$keyNorm', memory.loadFloat(i32.add('$norms', i32.floats('$panel'))))),
      ),
    ),
    phase(
      'scale^2 |q|^2 |k|^2 beside the square of the bound',
      op('f32.le', f32.mul(f32.mul(scaleSquared(), '$rowNorm'), '$keyNorm'), float(LOGIT_BOUND ** 2)),
    ),
  );
}

const scaleSquared = () => f32.mul(global('$scale'), global('$scale'));
