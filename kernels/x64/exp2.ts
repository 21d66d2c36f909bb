/** 2^x of vectors of floats: the nearest whole exponent by an addition, the rest by a polynomial. */

import { EXP2_TERMS } from './exp2-constants.ts';
import type { Vectors } from './shape.ts';
import { at, type Code, type Memory, op, type Vector } from './text/instruction.ts';

/** A constant in private memory, whose constants begin at r11. */
export function constant({ constants, vectorBytes }: Vectors, name: string): Memory {
  const index = constants.findIndex((item) => item.name === name);
  if (index < 0) throw new RangeError(`no constant ${name}`);
  return at('r11', index * vectorBytes);
}

/** A vector whose power is taken, and two registers for it to be worked out in. */
export interface Exponent {
  x: Vector;
  n: Vector;
  f: Vector;
}

/** Sets each x to 2^x, step by step across all of them, so that one's latency hides behind another's. r11 points at the constants. */
export function emitExp2(shape: Vectors, exponents: readonly Exponent[]): Code {
  const of = (name: string) => constant(shape, name);
  return [
    // The second source is what comes out where one is not a number.
    exponents.map(({ x, n }) => [op('vmovups', n, of('zeroExponent')), op('vmaxps', x, n, x)]),
    exponents.map(({ x, n }) => op('vaddps', n, x, of('rounder'))),
    exponents.map(({ n, f }) => op('vsubps', f, n, of('rounder'))),
    exponents.map(({ x, f }) => op('vsubps', f, x, f)),
    exponents.map(({ x }) => op('vmovups', x, of('term0'))),
    Array.from({ length: EXP2_TERMS - 1 }, (_, i) =>
      exponents.map(({ x, f }) => op('vfmadd213ps', x, f, of(`term${i + 1}`))),
    ),
    exponents.map(({ n }) => op('vpslld', n, n, 23)),
    exponents.map(({ x, n }) => op('vpaddd', x, x, n)),
  ];
}
