/** Vectors of four floats: loads, stores, arithmetic and shuffles. */

import { loop } from './control.ts';
import { type Code, type Form, form, formOf, type Name, note, type Operand, op, set, times } from './wat.ts';

const at = (offset: number) => (offset === 0 ? [] : `offset=${offset}`);
const load =
  (head: string) =>
  (address: Operand, offset = 0) =>
    form(head, at(offset), formOf(address));
const store =
  (head: string) =>
  (address: Operand, value: Operand, offset = 0) =>
    form(head, at(offset), formOf(address), formOf(value));

/** Memory access at an address plus a constant offset. */
export const memory = {
  load: load('v128.load'),
  /** One float in all four lanes. */
  loadSplat: load('v128.load32_splat'),
  loadFloat: load('f32.load'),
  loadByte: load('i32.load8_u'),
  store: store('v128.store'),
  storeFloat: store('f32.store'),
  storeInt: store('i32.store'),
};

/** How a vector is read and written: whole, or some floats of it. */
export interface VectorAccess {
  /** Lanes that are not read are 0. */
  load: (address: Operand, offset?: number) => Form;
  store: (address: Operand, value: Operand, offset?: number) => Code;
}

/** The first 1 to 3 floats of a vector, which touches no other memory. `value` of a store is a local. */
function partOf(floats: number): VectorAccess {
  const head = floats === 1 ? '32' : '64';
  return {
    load(address, offset = 0) {
      const first = form(`v128.load${head}_zero`, at(offset), formOf(address));
      return floats < 3 ? first : form('v128.load32_lane', at(offset + 8), '2', formOf(address), first);
    },
    store(address, value, offset = 0) {
      const lane = (bits: string, index: string, more: number) =>
        form(`v128.store${bits}_lane`, at(offset + more), index, formOf(address), formOf(value));
      return floats < 3 ? lane(head, '0', 0) : [lane('64', '0', 0), lane('32', '2', 8)];
    },
  };
}

/**
 * Statements for each vector of a row of `floats` floats, $offset its offset in bytes: a loop over the whole vectors, then what
 * is left.
 */
export function eachVector(offset: Name, floats: number, body: (access: VectorAccess) => Code): Code {
  const left = floats % 4;
  const whole = floats - left;
  return [
    whole === 0 ? set(offset, 0) : loop(offset, 0, whole * 4, 16, body(memory)),
    left === 0 ? [] : [note(`the last ${left} of ${floats}`), body(partOf(left))],
  ];
}

/** Statements for each vector of `floats` floats without a loop; the last may be less than whole. */
export const eachVectorOf = (floats: number, body: (access: VectorAccess, index: number) => Code): Code =>
  times(Math.ceil(floats / 4), (i) => body(floats >= i * 4 + 4 ? memory : partOf(floats % 4), i));

/** A constant float, a number or as the text spells it. */
export const float = (value: number | string) => form('f32.const', String(value));
/** Four equal floats. */
export const splat = (value: number | string) => op('f32x4.splat', float(value));

const binary = (head: string) => (a: Operand, b: Operand) => op(head, a, b);
/** Arithmetic of four lanes at a time. */
export const f32x4 = {
  add: binary('f32x4.add'),
  sub: binary('f32x4.sub'),
  mul: binary('f32x4.mul'),
  max: binary('f32x4.max'),
  /** b where a < b, else a: one instruction on x86, where NaN makes `max` three. */
  pmax: binary('f32x4.pmax'),
  neg: (a: Operand) => op('f32x4.neg', a),
};
/** Arithmetic of one float; `max` is NaN where an operand is. */
export const f32 = { add: binary('f32.add'), mul: binary('f32.mul'), max: binary('f32.max') };

/** The lanes of a vector local, folded in pairs. */
function fold(name: Name, combine: (a: Operand, b: Operand) => Form): Form {
  const lane = (i: number) => form('f32x4.extract_lane', String(i), formOf(name));
  return combine(combine(lane(0), lane(1)), combine(lane(2), lane(3)));
}
/** The largest lane of a vector local; NaN where one is. */
export const largestLane = (name: Name) => fold(name, f32.max);
/** The sum of the lanes of a vector local, in pairs. */
export const laneSum = (name: Name) => fold(name, f32.add);

const shuffle = (a: Name, b: Name, bytes: number[]) => form('i8x16.shuffle', bytes.map(String), formOf(a), formOf(b));

/** Two lanes of a and two of b by turns: a0 b0 a1 b1 of the low halves, a2 b2 a3 b3 of the high ones. */
export function interleave(a: Name, b: Name, half: 'low' | 'high'): Form {
  const start = half === 'low' ? 0 : 8;
  const bytes = [0, 4].flatMap((lane) => [0, 16].flatMap((from) => [0, 1, 2, 3].map((i) => start + from + lane + i)));
  return shuffle(a, b, bytes);
}

/** The low halves of a and b, or the high ones. */
export function joinHalves(a: Name, b: Name, half: 'low' | 'high'): Form {
  const start = half === 'low' ? 0 : 8;
  const bytes = Array.from({ length: 8 }, (_, i) => start + i);
  return shuffle(a, b, [...bytes, ...bytes.map((byte) => byte + 16)]);
}

/** a * b + c as a variant has it: fused where relaxed SIMD is there, else a product and a sum. */
export type MultiplyAdd = (a: Operand, b: Operand, c: Operand) => Form;

/** The multiply-add of a feature set. */
export const multiplyAddOf = (features: { relaxedSimd: boolean }): MultiplyAdd =>
  features.relaxedSimd ? (a, b, c) => op('f32x4.relaxed_madd', a, b, c) : (a, b, c) => f32x4.add(f32x4.mul(a, b), c);
