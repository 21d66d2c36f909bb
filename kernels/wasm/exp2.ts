/** 2^x of vectors of floats: the nearest whole exponent by an addition, the rest by a polynomial. */

import { locals } from './text/control.ts';
import { f32x4, type MultiplyAdd, splat } from './text/vectors.ts';
import { type Code, type Name, note, op, set } from './text/wat.ts';

/**
 * 2^-127 comes out as 0: the exponent field of 1, 127, less 127. Exponents are raised to this, so that hidden keys
 * weigh nothing.
 */
const ZERO_EXPONENT = -127;
/** Adding 1.5 * 2^23 rounds to an integer, which then sits in the low bits of the sum. */
const ROUNDER = 12582912;

/**
 * 2^f = 1 + f g(f) on [-1/2, 1/2], g of degree 4, smallest largest relative error with value 1 at 0: 9e-8, beside the
 * rounding of f32 (6e-8 each step). Highest power first.
 */
const TERMS = [0.00132647197968, 0.00967151315144, 0.0555073376787, 0.240222420742, 0.693146977582, 1];

/** Constants, in locals so that they are broadcast once and not in every step of a loop. */
function constants(clamp: boolean): [Name, number][] {
  const terms = TERMS.map((term, i): [Name, number] => [`$term${i}`, term]);
  return [...(clamp ? [['$zeroExponent', ZERO_EXPONENT] as [Name, number]] : []), ['$rounder', ROUNDER], ...terms];
}

/** The locals that the exponentials of the vectors `names` need: constants, and of each vector itself, `n` and `f`. */
export const exp2Locals = (names: Name[], clamp = true): Code => [
  locals('v128', ...constants(clamp).map(([name]) => name)),
  names.map((name) => locals('v128', name, `${name}n`, `${name}f`)),
];

/** Sets the constants. */
export const exp2Constants = (clamp = true): Code => [
  note('constants of 2^x, broadcast once'),
  constants(clamp).map(([name, value]) => set(name, splat(value))),
];

/**
 * Sets each vector of `names` to 2^x, x being itself on entry, step by step across all of them, so that neighbours stay
 * neighbours for the revectoriser. Unless `clamp`, x must be above -126.
 */
export function emitExp2(names: Name[], multiplyAdd: MultiplyAdd, clamp = true): Code {
  const each = (comment: string, emit: (x: Name, n: Name, f: Name) => Code): Code => [
    note(comment),
    names.map((x) => emit(x, `${x}n`, `${x}f`)),
  ];
  return [
    clamp ? each('x = max(x, -127), where 2^x comes out as 0', (x) => set(x, f32x4.pmax(x, '$zeroExponent'))) : [],
    each('n = x rounded to a whole number, in the low bits', (x, n) => set(n, f32x4.add(x, '$rounder'))),
    each('f = x - n', (x, n, f) => set(f, f32x4.sub(x, f32x4.sub(n, '$rounder')))),
    each("2^f by Horner's rule, times 2^n: n added to the exponent", (x, n, f) => [
      TERMS.slice(1).map((_, i) => set(x, multiplyAdd(i === 0 ? '$term0' : x, f, `$term${i + 1}`))),
      set(x, op('i32x4.add', x, op('i32x4.shl', n, 23))),
    ]),
  ];
}
