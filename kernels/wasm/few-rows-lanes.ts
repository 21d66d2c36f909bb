/** The two products with the rows of a KV head in the lanes of vectors: elements of K are broadcast, and so are weights. */

import { strideOfV } from './dims.ts';
import { type FewRows, rowsOf } from './few-rows-layout.ts';
import { func, locals, loop, numbered, params, repeat, select, when } from './text/control.ts';
import { type MultiplyAdd, memory, splat } from './text/vectors.ts';
import { type Code, downwards, global, i32, type Name, note, op, phase, set, times } from './text/wat.ts';

/** Elements of q that a step of the inner loop of the scores takes: of each row of K a cache line. */
const UNROLL = 16;
/** Keys that a step of the inner loop of the accumulation takes. */
const UNROLL_KEYS = 4;
/** Sums that fill the registers beside the factors: vectors of 128 bits, twice as many where pairs share one. */
const SUMS = 8;

/** Vectors of all rows, and keys whose scores are summed at a time. */
export function scoresTile(shape: FewRows): { vectors: number; keys: number } {
  const vectors = rowsOf(shape).padded / 4;
  return { vectors, keys: (SUMS / vectors) * (shape.wide && vectors > 1 ? 2 : 1) };
}

const sumOf = (a: number, b: number): Name => `$c${a}_${b}`;

/**
 * $scores_lanes: scores of all rows of a KV head and some keys of K at $k from $key on, [key][row], to $scores; q at $q is
 * [dim][row]. The row of zeros at address 0 stands in for keys from $end on.
 */
export function emitLaneScores(shape: FewRows, multiplyAdd: MultiplyAdd): Code {
  const { padded } = rowsOf(shape);
  const { vectors, keys } = scoresTile(shape);
  const rows = numbered('$r', keys);
  const whole = Math.floor(shape.headDim / UNROLL) * UNROLL;
  const element = (i: number): Code => [
    times(vectors, (v) => set(`$q${v}`, memory.load('$a', i * padded * 4 + v * 16))),
    rows.map((row, key) => [
      set('$s', memory.loadSplat(row, i * 4)),
      times(vectors, (v) => set(sumOf(key, v), multiplyAdd('$s', `$q${v}`, sumOf(key, v)))),
    ]),
  ];
  return func(
    [
      `$scores_lanes: scores of ${padded} rows, a lane each, and ${keys} keys of K at $k from $key on, to $scores;`,
      'each row of K is read where it lies and broadcast element by element.',
    ],
    '$scores_lanes',
    [
      params('i32', '$q', '$k', '$scores', '$key', '$end'),
      locals('i32', '$a', '$last', '$stride', ...rows),
      locals('v128', '$s', ...numbered('$q', vectors)),
      times(keys, (key) => locals('v128', ...numbered(`$c${key}_`, vectors))),
    ],
    set('$stride', global('$kvStride')),
    rows.map((row, i) =>
      set(row, i === 0 ? i32.add('$k', i32.mul('$key', '$stride')) : i32.add(rows[i - 1] as Name, '$stride')),
    ),
    when(
      op('i32.gt_s', i32.add('$key', keys), '$end'),
      rows.map((row, i) => set(row, select(row, 0, op('i32.lt_s', i32.add('$key', i), '$end')))),
    ),
    times(keys, (key) => times(vectors, (v) => set(sumOf(key, v), splat(0)))),
    set('$a', '$q'),
    set('$last', i32.add('$q', whole * padded * 4)),
    whole === 0
      ? []
      : [
          note(`for a in a .. last step ${UNROLL * padded * 4}: the sums += an element of q times one of each key`),
          repeat(
            '$elements',
            '$a',
            '$last',
            times(UNROLL, element),
            note('on to the next elements'),
            set('$a', i32.add('$a', UNROLL * padded * 4)),
            rows.map((row) => set(row, i32.add(row, UNROLL * 4))),
          ),
        ],
    times(shape.headDim - whole, element),
    times(keys, (key) => downwards(vectors, (v) => memory.store('$scores', sumOf(key, v), (key * vectors + v) * 16))),
  );
}

/**
 * $accumulate_lanes: sums at $partial = themselves + weights at $weights, [key][row],
 * times the $count rows of V at $v. Past its last dim a row goes on with what follows it: that goes to the padding.
 */
export function emitLaneAccumulate(shape: FewRows, multiplyAdd: MultiplyAdd): Code {
  const { padded, tile } = rowsOf(shape);
  const vectors = shape.wide ? 4 : 2;
  const rowBytes = shape.paddedV * 4;
  const place = (row: number, v: number) => row * rowBytes + v * 16;
  const aKey = (i: number): Code => [
    times(vectors, (v) => set(`$x${v}`, memory.load('$b', v * 16))),
    times(tile, (row) => [
      set('$s', memory.loadSplat('$a', (i * padded + row) * 4)),
      times(vectors, (v) => set(sumOf(row, v), multiplyAdd('$s', `$x${v}`, sumOf(row, v)))),
    ]),
    set('$b', i32.add('$b', '$stride')),
  ];
  const sums = (emit: (row: number, v: number) => Code) =>
    times(tile, (row) => downwards(vectors, (v) => emit(row, v)));
  return func(
    [
      `$accumulate_lanes: sums of ${padded} rows at $partial + weights at $weights times $count rows of V from $v`,
      `on, each read where it lies; ${tile} rows and ${vectors * 4} dims at a time.`,
    ],
    '$accumulate_lanes',
    [
      params('i32', '$weights', '$v', '$partial', '$count'),
      locals('i32', '$row', '$d', '$a', '$b', '$to', '$last', '$lastFour', '$stride'),
      locals('v128', '$s', ...numbered('$x', vectors)),
      times(tile, (row) => locals('v128', ...numbered(`$c${row}_`, vectors))),
    ],
    set('$stride', global(strideOfV(shape))),
    phase(
      `${tile} rows and ${vectors * 4} dims at a time`,
      loop(
        '$row',
        0,
        padded,
        tile,
        loop(
          '$d',
          0,
          rowBytes,
          vectors * 16,
          set('$to', i32.add(i32.add('$partial', i32.mul('$row', rowBytes)), '$d')),
          sums((row, v) => set(sumOf(row, v), memory.load('$to', place(row, v)))),
          set('$a', i32.add('$weights', i32.floats('$row'))),
          set('$b', i32.add('$v', '$d')),
          set('$last', i32.add('$a', i32.mul('$count', padded * 4))),
          set('$lastFour', i32.add('$a', i32.mul(i32.floor('$count', UNROLL_KEYS), padded * 4))),
          loop('$a', '$a', '$lastFour', UNROLL_KEYS * padded * 4, times(UNROLL_KEYS, aKey)),
          loop('$a', '$a', '$last', padded * 4, aKey(0)),
          sums((row, v) => memory.store('$to', sumOf(row, v), place(row, v))),
        ),
      ),
    ),
  );
}
