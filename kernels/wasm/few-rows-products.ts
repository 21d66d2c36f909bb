/** The two products for few rows: dot products along the rows of K, and rows of V times weights, both where they lie. */

import { strideOfV } from './dims.ts';
import { type FewRows, fewRowsLayout, rowsOf, STEP_KEYS } from './few-rows-layout.ts';
import { func, locals, loop, numbered, params, select, when } from './text/control.ts';
import {
  eachVectorOf,
  f32x4,
  interleave,
  joinHalves,
  type MultiplyAdd,
  memory,
  splat,
  type VectorAccess,
} from './text/vectors.ts';
import { type Code, global, i32, type Name, note, op, set, times } from './text/wat.ts';

/** Keys taken at a time: a lane each of a vector of scores. */
export const KEYS = 4;
/** Vectors of head dimensions in a step of the inner loops. */
const VECTORS = 4;

/** Sets $r0 to $r3: rows of `base` from key $key on; the row of zeros at address 0 stands in from $end on. */
const emitRowAddresses = (base: Name, stride: Name): Code => [
  set('$r0', i32.add(base, i32.mul('$key', global(stride)))),
  times(KEYS - 1, (i) => set(`$r${i + 1}`, i32.add(`$r${i}`, global(stride)))),
  when(
    op('i32.gt_s', i32.add('$key', KEYS), '$end'),
    times(KEYS, (i) => set(`$r${i}`, select(`$r${i}`, 0, op('i32.lt_s', i32.add('$key', i), '$end')))),
  ),
];

/** $dots: scores of the rows at $q and $count keys from $key on, [row][STEP_KEYS] at $scores; from $end on they are 0. */
export function emitDots(shape: FewRows, multiplyAdd: MultiplyAdd): Code {
  const { tile, padded } = rowsOf(shape);
  const rowBytes = shape.paddedQ * 4;
  const inSteps = shape.headDim - (shape.headDim % (VECTORS * 4));
  const sum = (row: number, key: number): Name => `$c${row}_${key}`;
  const step = (i: number, access: VectorAccess = memory): Code => [
    times(KEYS, (key) => set(`$x${key}`, access.load(i32.add(`$r${key}`, '$d'), i * 16))),
    times(tile, (row) => [
      set('$s', memory.load(i32.add('$q', '$d'), row * rowBytes + i * 16)),
      times(KEYS, (key) => set(sum(row, key), multiplyAdd('$s', `$x${key}`, sum(row, key)))),
    ]),
  ];
  const fold = (row: number): Code => {
    const [a, b, c, d] = [0, 1, 2, 3].map((key) => sum(row, key)) as [Name, Name, Name, Name];
    return [
      set('$x0', f32x4.add(interleave(a, b, 'low'), interleave(a, b, 'high'))),
      set('$x1', f32x4.add(interleave(c, d, 'low'), interleave(c, d, 'high'))),
      memory.store(
        '$scores',
        f32x4.add(joinHalves('$x0', '$x1', 'low'), joinHalves('$x0', '$x1', 'high')),
        row * STEP_KEYS * 4,
      ),
    ];
  };
  return func(
    [
      `$dots: scores of ${padded} ${padded === 1 ? 'row' : 'rows'} at $q and ${KEYS} keys of K at $k from $key on, to $scores;`,
      'each K row is read where it lies.',
    ],
    '$dots',
    [
      params('i32', '$q', '$k', '$scores', '$key', '$end'),
      locals('i32', '$row', '$d', ...numbered('$r', KEYS)),
      locals('v128', '$s', ...numbered('$x', KEYS)),
      times(tile, (row) => locals('v128', ...numbered(`$c${row}_`, KEYS))),
    ],
    emitRowAddresses('$k', '$kvStride'),
    loop(
      '$row',
      0,
      padded,
      tile,
      times(tile, (row) => times(KEYS, (key) => set(sum(row, key), splat(0)))),
      inSteps === 0
        ? set('$d', 0)
        : loop(
            '$d',
            0,
            inSteps * 4,
            VECTORS * 16,
            times(VECTORS, (i) => step(i)),
          ),
      eachVectorOf(shape.headDim - inSteps, (access, i) => step(i, access)),
      note('the lanes of each sum added up, a score a lane'),
      times(tile, fold),
      set('$q', i32.add('$q', tile * rowBytes)),
      set('$scores', i32.add('$scores', tile * STEP_KEYS * 4)),
    ),
  );
}

/** $rescale: sums at $partial = themselves times the rows' rescale factors, where a maximum moved. */
export function emitRescaleSums(shape: FewRows): Code {
  const { padded } = rowsOf(shape);
  const rowBytes = shape.paddedV * 4;
  return func(
    "$rescale: the sums of each row at $partial times the row's rescale factor, where it is not 1.",
    '$rescale',
    [params('i32', '$partial'), locals('i32', '$row', '$d', '$to', '$end'), locals('v128', '$s')],
    set('$to', '$partial'),
    loop(
      '$row',
      0,
      padded * 4,
      4,
      set('$end', i32.add('$to', rowBytes)),
      set('$s', memory.loadSplat(i32.add('$partial', '$row'), fewRowsLayout(shape).rescale)),
      when(
        op('v128.any_true', op('f32x4.ne', '$s', splat(1))),
        loop('$d', '$to', '$end', 16, memory.store('$d', f32x4.mul('$s', memory.load('$d')))),
      ),
      set('$to', '$end'),
    ),
  );
}

/**
 * $weighted: sums at $partial = themselves + weights at $scores times rows of V. Past its last dim a row goes on with what
 * follows it: that goes to the padding of the sums.
 */
export function emitWeighted(shape: FewRows, multiplyAdd: MultiplyAdd): Code {
  const { tile, padded } = rowsOf(shape);
  const rowBytes = shape.paddedV * 4;
  const weight = (row: number, key: number): Name => `$c${row}_${key}`;
  const step = (i: number): Code => [
    times(KEYS, (key) => set(`$x${key}`, memory.load(i32.add(`$r${key}`, '$d'), i * 16))),
    times(tile, (row) => {
      const place = i32.add('$partial', '$d');
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
      `$weighted: sums of ${padded} ${padded === 1 ? 'row' : 'rows'} at $partial + weights at $scores times ${KEYS} rows of V at $v`,
      'from $key on, each read where it lies.',
    ],
    '$weighted',
    [
      params('i32', '$partial', '$v', '$scores', '$key', '$end'),
      locals('i32', '$row', '$d', ...numbered('$r', KEYS)),
      locals('v128', '$s', ...numbered('$x', KEYS)),
      times(tile, (row) => locals('v128', ...numbered(`$c${row}_`, KEYS))),
    ],
    emitRowAddresses('$v', strideOfV(shape)),
    loop(
      '$row',
      0,
      padded,
      tile,
      times(tile, (row) =>
        times(KEYS, (key) => set(weight(row, key), memory.loadSplat('$scores', row * STEP_KEYS * 4 + key * 4))),
      ),
      loop('$d', 0, rowBytes, VECTORS * 16, times(VECTORS, step)),
      set('$scores', i32.add('$scores', tile * STEP_KEYS * 4)),
      set('$partial', i32.add('$partial', tile * rowBytes)),
    ),
  );
}
