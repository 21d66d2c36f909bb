/** `attend_keys`: all query rows of a KV head against a part of the keys; its partial result is kept for the merge. */

import { type FewRows, fewRowsLayout, rowsOf, STEP_KEYS, softmaxTile } from './few-rows-layout.ts';
import { LOWEST } from './row-maximum.ts';
import { statisticsLayout } from './scratch.ts';
import { call, exported, func, locals, loop, min, params, when } from './text/control.ts';
import { f32x4, memory, splat } from './text/vectors.ts';
import { type Code, global, i32, note, op, phase, set, times } from './text/wat.ts';

/**
 * attend_keys: the rows at $q against keys $first to $end (exclusive) of the KV head whose first rows are $k and $v.
 * $scratch is the private memory of the thread; $partial gets (m, l, sums), as few-rows-layout.ts says.
 */
export function emitAttendKeys(shape: FewRows, capped: boolean): Code {
  const { headDim, tokens, group } = shape;
  const { padded } = rowsOf(shape);
  const at = fewRowsLayout(shape);
  const rowBytes = headDim * 4;
  const scores = i32.add('$scratch', at.scores);
  const mask = times(group, (member) =>
    call('$mask', i32.add('$scratch', at.scores + member * tokens * STEP_KEYS * 4), '$key', '$count', 0),
  );
  return func(
    'attend_keys: the rows of a KV head at $q against keys $first .. $end of it; (m, l, sums) go to $partial.',
    '$attend_keys',
    [
      exported('attend_keys'),
      params('i32', '$q', '$k', '$v', '$partial', '$scratch', '$first', '$end'),
      locals('i32', '$key', '$count', '$stats', '$member', '$token', '$from', '$to', '$d'),
      locals('v128', '$scale'),
    ],
    set('$stats', i32.add('$partial', at.stats)),
    emitState(shape),
    phase(
      'load q, times scale, [query head][token]; rows that pad it are zeros',
      set('$scale', op('f32x4.splat', global('$scale'))),
      op('memory.fill', '$scratch', 0, padded * rowBytes),
      set('$to', '$scratch'),
      loop(
        '$member',
        0,
        group,
        1,
        set('$from', i32.add('$q', i32.mul('$member', rowBytes))),
        loop(
          '$token',
          0,
          tokens,
          1,
          loop(
            '$d',
            0,
            rowBytes,
            16,
            memory.store(i32.add('$to', '$d'), f32x4.mul('$scale', memory.load(i32.add('$from', '$d')))),
          ),
          set('$from', i32.add('$from', global('$qStride'))),
          set('$to', i32.add('$to', rowBytes)),
        ),
      ),
    ),
    phase(
      `for each ${STEP_KEYS} keys`,
      loop(
        '$key',
        '$first',
        '$end',
        STEP_KEYS,
        note('scores of the keys, in whole sixteens'),
        set('$count', min(i32.ceil(i32.sub('$end', '$key'), 16), STEP_KEYS)),
        phase('scores', call('$dots', '$scratch', '$k', scores, '$key', '$count', '$end')),
        capped ? phase('soft-cap', call('$soft_cap', scores, '$count')) : [],
        phase(
          tokens > 1 ? 'mask' : 'mask: where the keys end within the sixteen',
          tokens > 1 ? mask : when(op('i32.gt_s', i32.add('$key', '$count'), '$end'), mask),
        ),
        phase('row maximum, rescale, exponentials, row sum', call('$softmax', scores, '$count', '$stats', '$stats')),
        phase('accumulate', call('$weighted', scores, '$v', '$partial', '$key', '$count', '$end')),
      ),
    ),
  );
}

/** Sums and l begin at 0, m below all scores. */
function emitState(shape: FewRows): Code {
  const { padded } = rowsOf(shape);
  const stats = statisticsLayout(softmaxTile(shape));
  return phase(
    'sums and l begin at 0, m below all scores',
    op('memory.fill', '$partial', 0, fewRowsLayout(shape).partialBytes),
    times(Math.ceil(padded / 4), (four) => memory.store('$stats', splat(LOWEST), stats.maximum + four * 16)),
  );
}
