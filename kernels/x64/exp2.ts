/** 2^x of vectors of floats: the nearest whole exponent by an addition, the rest by a polynomial. */

import { EXP2_TERMS } from './exp2-constants.ts';
import { type Vectors, vector } from './shape.ts';
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

/** Constants that registers hold, by name. */
export type Held = ReadonlyMap<string, Vector>;

/** The constants of a power in the registers from `first` on that the set has, those first whose loads cost most. */
export function heldConstants(shape: Vectors, first: number): Held {
  const names = ['zeroExponent', 'rounder', ...Array.from({ length: EXP2_TERMS }, (_, i) => `term${i}`)];
  const free = Math.max(0, (shape.lanes === 16 ? 32 : 16) - first);
  return new Map(names.slice(0, free).map((name, i) => [name, vector(shape, first + i)]));
}

export const loadHeld = (shape: Vectors, held: Held): Code =>
  [...held].map(([name, register]) => op('vmovups', register, constant(shape, name)));

/**
 * Sets each x to 2^x, step by step across all of them, so that one's latency hides behind another's. r11 points at the
 * constants that are not held.
 */
export function emitExp2(shape: Vectors, exponents: readonly Exponent[], held: Held = new Map()): Code {
  const of = (name: string) => held.get(name) ?? constant(shape, name);
  const least = held.get('zeroExponent');
  return [
    // The second source is what comes out where one is not a number.
    exponents.map(({ x, n }) => [
      least === undefined ? op('vmovups', n, of('zeroExponent')) : [],
      op('vmaxps', x, least ?? n, x),
    ]),
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
