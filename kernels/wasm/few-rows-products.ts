/** The two products for few rows: dot products along the rows of K, and rows of V times weights, both where they lie. */

import { type FewRows, fewRowsLayout, rowsOf, STEP_KEYS, softmaxTile } from './few-rows-layout.ts';
import { statisticsLayout } from './scratch.ts';
import { func, locals, loop, numbered, params, select, when } from './text/control.ts';
import { f32x4, float, interleave, joinHalves, type MultiplyAdd, memory, splat } from './text/vectors.ts';
import { type Code, global, i32, type Name, note, op, phase, set, times } from './text/wat.ts';

/** Keys taken at a time: a lane each of a vector of scores. */
const KEYS = 4;
/** Vectors of head dimensions in a step of the inner loops: head dimensions are multiples of 16. */
const VECTORS = 4;

/** Sets $r0 to $r3: rows of `base` from key $key + $j on; the row of zeros at address 0 stands in from $end on. */
const emitRowAddresses = (base: Name): Code => [
  set('$r0', i32.add(base, i32.mul(i32.add('$key', '$j'), global('$kvStride')))),
  times(KEYS - 1, (i) => set(`$r${i + 1}`, i32.add(`$r${i}`, global('$kvStride')))),
  times(KEYS, (i) => set(`$r${i}`, select(`$r${i}`, 0, op('i32.lt_s', i32.add(i32.add('$key', '$j'), i), '$end')))),
];

/** $dots: scores of the rows at $q and $count keys from $key on, [row][STEP_KEYS] at $scores; from $end on they are 0. */
export function emitDots(shape: FewRows, multiplyAdd: MultiplyAdd): Code {
  const { tile, padded } = rowsOf(shape);
  const rowBytes = shape.headDim * 4;
  const sum = (row: number, key: number): Name => `$c${row}_${key}`;
  const step = (i: number): Code => [
    times(KEYS, (key) => set(`$x${key}`, memory.load(i32.add(`$r${key}`, '$d'), i * 16))),
    times(tile, (row) => [
      set('$s', memory.load(i32.add('$a', '$d'), row * rowBytes + i * 16)),
      times(KEYS, (key) => set(sum(row, key), multiplyAdd('$s', `$x${key}`, sum(row, key)))),
    ]),
  ];
  const fold = (row: number): Code => {
    const [a, b, c, d] = [0, 1, 2, 3].map((key) => sum(row, key)) as [Name, Name, Name, Name];
    return [
      set('$x0', f32x4.add(interleave(a, b, 'low'), interleave(a, b, 'high'))),
      set('$x1', f32x4.add(interleave(c, d, 'low'), interleave(c, d, 'high'))),
      memory.store(
        '$to',
        f32x4.add(joinHalves('$x0', '$x1', 'low'), joinHalves('$x0', '$x1', 'high')),
        row * STEP_KEYS * 4,
      ),
    ];
  };
  return func(
    [
      `$dots: scores of ${padded} rows at $q and the $count keys of K at $k from $key on, to $scores;`,
      `${KEYS} keys and ${tile} ${tile === 1 ? 'row' : 'rows'} at a time, each K row read where it lies.`,
    ],
    '$dots',
    [
      params('i32', '$q', '$k', '$scores', '$key', '$count', '$end'),
      locals('i32', '$j', '$row', '$d', '$a', '$to', ...numbered('$r', KEYS)),
      locals('v128', '$s', ...numbered('$x', KEYS)),
      times(tile, (row) => locals('v128', ...numbered(`$c${row}_`, KEYS))),
    ],
    loop(
      '$j',
      0,
      '$count',
      KEYS,
      emitRowAddresses('$k'),
      set('$a', '$q'),
      set('$to', i32.add('$scores', i32.floats('$j'))),
      loop(
        '$row',
        0,
        padded,
        tile,
        times(tile, (row) => times(KEYS, (key) => set(sum(row, key), splat(0)))),
        loop('$d', 0, rowBytes, VECTORS * 16, times(VECTORS, step)),
        note('the lanes of each sum added up, a score a lane'),
        times(tile, fold),
        set('$a', i32.add('$a', tile * rowBytes)),
        set('$to', i32.add('$to', tile * STEP_KEYS * 4)),
      ),
    ),
  );
}

/** $weighted: sums at $partial = themselves times the rows' rescale factors + weights at $scores times rows of V. */
export function emitWeighted(shape: FewRows, multiplyAdd: MultiplyAdd): Code {
  const { tile, padded } = rowsOf(shape);
  const rowBytes = shape.headDim * 4;
  const rescale = fewRowsLayout(shape).stats + statisticsLayout(softmaxTile(shape)).rescale;
  const weight = (row: number, key: number): Name => `$c${row}_${key}`;
  const step = (i: number): Code => [
    times(KEYS, (key) => set(`$x${key}`, memory.load(i32.add(`$r${key}`, '$d'), i * 16))),
    times(tile, (row) => {
      const place = i32.add('$to', '$d');
      const offset = row * rowBytes + i * 16;
      return [
        set('$s', memory.load(place, offset)),
        times(KEYS, (key) => set('$s', multiplyAdd(weight(row, key), `$x${key}`, '$s'))),
        memory.store(place, '$s', offset),
      ];
    }),
  ];
  return func(
    [
      `$weighted: sums of ${padded} rows at $partial, rescaled, + weights at $scores times the $count rows of V at $v`,
      'from $key on, each read where it lies.',
    ],
    '$weighted',
    [
      params('i32', '$scores', '$v', '$partial', '$key', '$count', '$end'),
      locals('i32', '$j', '$row', '$d', '$a', '$to', ...numbered('$r', KEYS)),
      locals('v128', '$s', ...numbered('$x', KEYS)),
      times(tile, (row) => locals('v128', ...numbered(`$c${row}_`, KEYS))),
    ],
    phase(
      'rescale, where a maximum moved',
      set('$to', '$partial'),
      loop(
        '$row',
        0,
        padded,
        1,
        set('$a', i32.add('$partial', i32.floats('$row'))),
        when(op('f32.ne', memory.loadFloat('$a', rescale), float(1)), [
          set('$s', memory.loadSplat('$a', rescale)),
          loop(
            '$d',
            0,
            rowBytes,
            16,
            memory.store(i32.add('$to', '$d'), f32x4.mul('$s', memory.load(i32.add('$to', '$d')))),
          ),
        ]),
        set('$to', i32.add('$to', rowBytes)),
      ),
    ),
    phase(
      `${KEYS} keys and ${tile} ${tile === 1 ? 'row' : 'rows'} at a time`,
      loop(
        '$j',
        0,
        '$count',
        KEYS,
        emitRowAddresses('$v'),
        set('$a', i32.add('$scores', i32.floats('$j'))),
        set('$to', '$partial'),
        loop(
          '$row',
          0,
          padded,
          tile,
          times(tile, (row) =>
            times(KEYS, (key) => set(weight(row, key), memory.loadSplat('$a', row * STEP_KEYS * 4 + key * 4))),
          ),
          loop('$d', 0, rowBytes, VECTORS * 16, times(VECTORS, step)),
          set('$a', i32.add('$a', tile * STEP_KEYS * 4)),
          set('$to', i32.add('$to', tile * rowBytes)),
        ),
      ),
    ),
  );
}
