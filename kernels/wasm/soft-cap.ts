/** Soft-cap: scores become C tanh(s / C) between the first product and the mask. */

import type { Features } from '../device.ts';
import type { WasmConfiguration } from './configuration.ts';
import { emitExp2, exp2Constants, exp2Locals } from './exp2.ts';
import { func, locals, loop, numbered, params } from './text/control.ts';
import { f32x4, memory, multiplyAddOf, splat } from './text/vectors.ts';
import { type Code, form, formOf, i32, type Name, note, op, set } from './text/wat.ts';

/**
 * tanh x = x + x^3 P(x^2) below this, highest power first; above it 1 - 2 / (e^2|x| + 1) with the sign of x, which loses
 * bits near 0 (Cephes Math Library, tanhf.c: relative error 1.3e-7 over both).
 */
const SMALL = 0.625;
const TERMS = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1];
/** tanh is 1 in 32 bits from here on. */
const LARGEST = 10;

/**
 * $soft_cap: the $count scores (a multiple of the panel width) of each of the tile's rows from $scores on, blockKeys
 * floats apart, become C tanh(s / C). Infinity becomes C, NaN stays NaN.
 */
export function emitSoftCap(config: WasmConfiguration, softcap: number, features: Features): Code {
  const names = numbered('$x', Math.min(2, config.vectors));
  const multiplyAdd = multiplyAddOf(features);
  const s = (x: Name): Name => `${x}s`;
  // The locals of 2^x, free once it is there.
  const [square, small] = [(x: Name): Name => `${x}n`, (x: Name): Name => `${x}f`];
  const each = (comment: string, emit: (x: Name) => Code): Code => [note(comment), names.map(emit)];
  return func(
    [
      `$soft_cap: the $count scores of each of ${config.rows} rows from $scores on`,
      `become C tanh(s / C), C = ${softcap}.`,
    ],
    '$soft_cap',
    [
      params('i32', '$scores', '$count'),
      locals('i32', '$row', '$p', '$last'),
      exp2Locals(names, false),
      locals('v128', ...names.map(s)),
    ],
    exp2Constants(false),
    loop(
      '$row',
      0,
      config.rows,
      1,
      set('$last', i32.add('$scores', i32.floats('$count'))),
      loop(
        '$p',
        '$scores',
        '$last',
        16 * names.length,
        each('x = s / C', (x) => set(s(x), f32x4.mul(memory.load('$p', 16 * names.indexOf(x)), splat(1 / softcap)))),
        each('e^2|x|, as a power of two; tanh is 1 long before it overflows', (x) =>
          set(x, f32x4.mul(op('f32x4.pmin', op('f32x4.abs', s(x)), splat(LARGEST)), splat(2 * Math.LOG2E))),
        ),
        emitExp2(names, multiplyAdd, false),
        each('tanh |x| = 1 - 2 / (e^2|x| + 1)', (x) =>
          set(x, f32x4.sub(splat(1), op('f32x4.div', splat(2), f32x4.add(x, splat(1))))),
        ),
        each(`below ${SMALL}: x + x^3 P(x^2)`, (x) => [
          set(square(x), f32x4.mul(s(x), s(x))),
          set(small(x), splat(TERMS[0] as number)),
          TERMS.slice(1).map((term) => set(small(x), multiplyAdd(small(x), square(x), splat(term)))),
          set(small(x), multiplyAdd(f32x4.mul(s(x), square(x)), small(x), s(x))),
        ]),
        each('one or the other, the first with the sign of x, times C', (x) => [
          set(x, op('v128.or', x, op('v128.and', s(x), SIGN))),
          set(x, op('v128.bitselect', small(x), x, op('f32x4.lt', op('f32x4.abs', s(x)), splat(SMALL)))),
          memory.store('$p', f32x4.mul(x, splat(softcap)), 16 * names.indexOf(x)),
        ]),
      ),
      set('$scores', i32.add('$scores', config.blockKeys * 4)),
    ),
  );
}

/** The sign bit of each lane. */
const SIGN = form('i32x4.splat', formOf(-(2 ** 31)));
