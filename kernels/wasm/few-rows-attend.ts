/**
 * `attend_keys`: all query rows of some KV heads against a part of the keys; their partial results are kept for the merge.
 * Steps of keys are outside and KV heads inside, so that the rows of K and V are read in the order in which they lie.
 */

import { strideOfV } from './dims.ts';
import { scoresTile } from './few-rows-lanes.ts';
import { type FewRows, fewRowsLayout, rowsInLanes, rowsOf, STEP_KEYS } from './few-rows-layout.ts';
import { KEYS } from './few-rows-products.ts';
import { LOWEST } from './row-maximum.ts';
import { call, exported, func, locals, loop, max, min, params, result, when } from './text/control.ts';
import { eachVector, f32, f32x4, memory, splat } from './text/vectors.ts';
import { type Code, form, formOf, global, i32, note, type Operand, op, phase, set, times } from './text/wat.ts';

/** Keys of a step are counted in these: a multiple of what every product takes at a time. */
const KEY_MULTIPLE = 16;

/**
 * attend_keys: the rows of $heads KV heads against keys $first to $end (exclusive). $q, $k and $v are the first rows of the
 * first of the heads; the next one's lie behind it. $scratch is the private memory of the thread; $partials gets (m, l,
 * sums) of each head, as few-rows-layout.ts says.
 */
export function emitAttendKeys(shape: FewRows, capped: boolean): Code {
  const { headDim, headDimV, group } = shape;
  const at = fewRowsLayout(shape);
  const headBytes = headDim * 4;
  const inLanes = rowsInLanes(shape);
  const eachHead = (...body: Code[]): Code => [
    set('$partial', '$partials'),
    set('$qHead', '$scratch'),
    loop(
      '$head',
      0,
      '$heads',
      1,
      body,
      set('$qHead', i32.add('$qHead', at.rowsBytes)),
      set('$partial', i32.add('$partial', at.partialBytes)),
    ),
  ];
  const product = (key: Operand) =>
    call(inLanes ? '$scores_lanes' : '$dots', '$qHead', '$from', '$scores', key, '$end');
  const some = inLanes ? scoresTile(shape).keys : KEYS;
  /** Bytes of the scores of a key: with rows in lanes those of all rows, else of one, whose others lie elsewhere. */
  const keyBytes = inLanes ? rowsOf(shape).padded * 4 : 4;
  const inOrder: InOrder = (base, each) =>
    loop(
      '$some',
      0,
      '$count',
      some,
      set('$from', base),
      set('$scores', i32.add(i32.add('$scratch', i32.mul('$some', keyBytes)), at.scores)),
      eachHead(
        each(i32.add('$key', '$some')),
        set('$from', i32.add('$from', base === '$k' ? headBytes : headDimV * 4)),
        set('$scores', i32.add('$scores', at.scoresBytes)),
      ),
    );
  return func(
    'attend_keys: the rows of $heads KV heads from $q on against keys $first .. $end; (m, l, sums) go to $partials.',
    '$attend_keys',
    [
      exported('attend_keys'),
      params('i32', '$q', '$k', '$v', '$partials', '$scratch', '$first', '$end', '$heads'),
      locals('i32', '$key', '$count', '$some', '$head', '$partial', '$qHead', '$scores'),
      locals('i32', '$member', '$token', '$from', '$to', '$d'),
      inLanes ? locals('i32', '$low', '$high', '$rows') : [locals('i32', '$stats'), locals('v128', '$scale')],
    ],
    inLanes ? emitRanges(shape) : set('$scale', op('f32x4.splat', global('$scale'))),
    eachHead(
      emitState(shape),
      inLanes ? emitLoadLanes(shape) : emitLoadRows(shape),
      set('$q', i32.add('$q', group * headBytes)),
    ),
    phase(
      `for each ${STEP_KEYS} keys, for each head`,
      loop(
        '$key',
        '$first',
        '$end',
        STEP_KEYS,
        set('$count', min(i32.ceil(i32.sub('$end', '$key'), KEY_MULTIPLE), STEP_KEYS)),
        phase('scores', inOrder('$k', product)),
        set('$scores', i32.add('$scratch', at.scores)),
        inLanes ? emitRestInLanes(shape, capped, eachHead) : emitRestByRows(shape, capped, eachHead, inOrder),
      ),
    ),
  );
}

/** A product of some keys of all heads, from $from and $scores on, then of the next keys: so memory is read in order. */
type InOrder = (base: '$k' | '$v', product: (key: Operand) => Code) => Code;
/** Runs statements for each KV head of the piece of work, $qHead and $partial being its own. */
type EachHead = (...body: Code[]) => Code;

/** After the scores of a step with rows in lanes: $low and $high are the keys that every row sees. */
function emitRestInLanes(shape: FewRows, capped: boolean, eachHead: EachHead): Code {
  const at = fewRowsLayout(shape);
  const hidden = op('i32.or', op('i32.lt_s', '$key', '$low'), op('i32.gt_s', i32.add('$key', '$count'), '$high'));
  return [
    set('$rows', min('$count', i32.sub('$end', '$key'))),
    phase(
      'rows of V of all heads into the cache, since each head takes its own several times',
      form('drop', call('$fetch', '$v', '$key', '$rows', '$heads')),
      set('$from', i32.add('$v', i32.mul('$key', global(strideOfV(shape))))),
    ),
    eachHead(
      capped ? phase('soft-cap', call('$soft_cap', '$scores', i32.mul('$count', rowsOf(shape).padded))) : [],
      phase(
        'mask: where some row does not see some key of the step',
        when(hidden, call('$mask_lanes', '$scores', '$key', '$count', '$scratch')),
      ),
      phase(
        'row maximum, rescale, exponentials, row sum',
        call('$softmax_lanes', '$scores', '$count', i32.add('$partial', at.stats)),
        call('$rescale', '$partial'),
      ),
      phase('accumulate', call('$accumulate_lanes', '$scores', '$from', '$partial', '$rows')),
      set('$from', i32.add('$from', shape.headDimV * 4)),
      set('$scores', i32.add('$scores', at.scoresBytes)),
    ),
  ];
}

/** After the scores of a step with head dimensions in lanes. */
function emitRestByRows(shape: FewRows, capped: boolean, eachHead: EachHead, inOrder: InOrder): Code {
  const { tokens, group } = shape;
  const at = fewRowsLayout(shape);
  const mask = times(group, (member) =>
    call('$mask', i32.add('$scores', member * tokens * STEP_KEYS * 4), '$key', '$count', 0),
  );
  return [
    eachHead(
      capped ? phase('soft-cap', call('$soft_cap', '$scores', '$count')) : [],
      phase(
        tokens > 1 ? 'mask' : 'mask: where the keys end within the sixteen',
        tokens > 1 ? mask : when(op('i32.gt_s', i32.add('$key', '$count'), '$end'), mask),
      ),
      phase(
        'row maximum, rescale, exponentials, row sum',
        set('$stats', i32.add('$partial', at.stats)),
        call('$softmax', '$scores', '$count', '$stats', '$stats'),
        call('$rescale', '$partial'),
      ),
      set('$scores', i32.add('$scores', at.scoresBytes)),
    ),
    phase(
      'accumulate',
      inOrder('$v', (key) => call('$weighted', '$partial', '$from', '$scores', key, '$end')),
    ),
  ];
}

/** Sums and l begin at 0, m below all scores. */
function emitState(shape: FewRows): Code {
  const { partialBytes, maximum } = fewRowsLayout(shape);
  return phase(
    'sums and l begin at 0, m below all scores',
    op('memory.fill', '$partial', 0, partialBytes),
    times(Math.ceil(rowsOf(shape).padded / 4), (four) => memory.store('$partial', splat(LOWEST), maximum + four * 16)),
  );
}

/** q of a head, scaled, [query head][token][dim]. */
function emitLoadRows({ headDim, paddedQ, tokens, group }: FewRows): Code {
  return phase(
    'load q, times scale, [query head][token]',
    set('$to', '$qHead'),
    eachRow(group, tokens, headDim * 4, [
      eachVector('$d', headDim, (row) =>
        memory.store(i32.add('$to', '$d'), f32x4.mul('$scale', row.load(i32.add('$from', '$d')))),
      ),
      set('$to', i32.add('$to', paddedQ * 4)),
    ]),
  );
}

/** q of a head, scaled, [dim][row]; rows that pad it are zeros. */
function emitLoadLanes(shape: FewRows): Code {
  const { headDim, tokens, group } = shape;
  const { padded } = rowsOf(shape);
  return phase(
    'load q, times scale, [dim][row]; rows that pad it are zeros',
    op('memory.fill', '$qHead', 0, fewRowsLayout(shape).rowsBytes),
    set('$to', '$qHead'),
    eachRow(group, tokens, headDim * 4, [
      loop(
        '$d',
        0,
        headDim,
        1,
        memory.storeFloat(
          i32.add('$to', i32.mul('$d', padded * 4)),
          f32.mul(global('$scale'), memory.loadFloat(i32.add('$from', i32.floats('$d')))),
        ),
      ),
      set('$to', i32.add('$to', 4)),
    ]),
  );
}

/** Sets $from to each row of q of a head in turn. */
const eachRow = (group: number, tokens: number, rowBytes: number, body: Code): Code =>
  loop(
    '$member',
    0,
    group,
    1,
    set('$from', i32.add('$q', i32.mul('$member', rowBytes))),
    loop('$token', 0, tokens, 1, body, set('$from', i32.add('$from', global('$qStride')))),
  );

/** The keys that each row sees, a lane each, and $low to $high, those that all of them see. Rows that pad it count for none. */
function emitRanges(shape: FewRows): Code {
  const { tokens, group } = shape;
  const { lowKeys, highKeys } = fewRowsLayout(shape);
  return phase(
    'the keys that each row sees, and $low .. $high, which all see',
    set('$low', '$first'),
    set('$high', '$end'),
    set('$to', '$scratch'),
    loop(
      '$member',
      0,
      group,
      1,
      loop(
        '$token',
        0,
        tokens,
        1,
        set('$from', call('$low_key', '$token')),
        set('$low', max('$low', '$from')),
        memory.storeInt('$to', '$from', lowKeys),
        set('$from', min(call('$high_key', '$token'), '$end')),
        set('$high', min('$high', '$from')),
        memory.storeInt('$to', '$from', highKeys),
        set('$to', i32.add('$to', 4)),
      ),
    ),
  );
}

/** Cache lines that `$fetch` reads in a step of its loop. */
const LINES = 4;

/**
 * $fetch: reads a byte of each cache line of $heads heads' rows of $rows keys, from key $key of the tensor at $base on, in
 * order and as fast as memory gives them; the products then find them in the cache. Between products such reads would
 * wait one by one, since a core holds few of both at a time.
 */
export function emitFetch(shape: FewRows): Code {
  return func(
    [
      '$fetch: reads a byte of each cache line of the rows of $heads heads, of $rows keys from $key on of the tensor at $base.',
    ],
    '$fetch',
    [
      [params('i32', '$base', '$key', '$rows', '$heads'), result('i32')],
      locals('i32', '$stride', '$p', '$end', '$bytes', '$read'),
    ],
    set('$stride', global(strideOfV(shape))),
    set('$bytes', i32.mul('$heads', shape.headDimV * 4)),
    set('$base', i32.add('$base', i32.mul('$key', '$stride'))),
    note('rows without others between them are read as one'),
    when(op('i32.eq', '$bytes', '$stride'), [set('$bytes', i32.mul('$bytes', '$rows')), set('$rows', 1)]),
    loop(
      '$key',
      0,
      '$rows',
      1,
      set('$end', i32.add('$base', '$bytes')),
      loop(
        '$p',
        '$base',
        '$end',
        LINES * 64,
        times(LINES, (i) => set('$read', op('i32.or', '$read', memory.loadByte('$p', i * 64)))),
      ),
      set('$base', i32.add('$base', '$stride')),
    ),
    formOf('$read'),
  );
}
