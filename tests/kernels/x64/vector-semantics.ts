/** What instructions over vectors do: those of AVX2 and AVX-512 that kernels use. */

import type { Instruction, Memory, Operand, Vector } from '../../../kernels/x64/text/instruction.ts';
import { flush, fma, fromBf16, toBf16 } from './floats.ts';
import { addressOf, check, type Machine, READ, readGeneral, type Semantics, WRITE } from './machine.ts';

const SIZES: Record<string, number> = { x: 16, y: 32, z: 64 };
const isVector = (operand: Operand | undefined): operand is Vector =>
  typeof operand === 'string' && /^[xyz]mm/.test(operand);
const sizeOf = (operand: Operand | undefined): number => (isVector(operand) ? (SIZES[operand.charAt(0)] as number) : 0);
const startOf = (register: string) => Number(register.slice(3)) * 64;

/** Bytes of a source: a register's, or as many from memory, one float for all lanes, or only lanes of a mask. */
function source(machine: Machine, operand: Operand, bytes: number, mask = -1, unit = 4): Uint8Array<ArrayBuffer> {
  if (isVector(operand)) return machine.vectors.slice(startOf(operand), startOf(operand) + bytes);
  const memory = operand as Memory;
  const address = addressOf(machine, memory);
  if (mask === -1 && memory.each !== true) {
    check(machine, address, bytes, READ);
    return new Uint8Array(machine.memory.buffer.slice(address, address + bytes) as ArrayBuffer);
  }
  const result = new Uint8Array(bytes);
  const step = memory.each === true ? 0 : unit;
  for (let lane = 0; lane < bytes / unit; lane += 1) {
    if (((mask >>> lane) & 1) === 0) continue;
    check(machine, address + lane * step, unit, READ);
    for (let i = 0; i < unit; i += 1) result[lane * unit + i] = machine.memory.getUint8(address + lane * step + i);
  }
  return result;
}

/** Writes a register, zeros above; or memory, of which only the lanes of a mask. */
function target(machine: Machine, operand: Operand, value: Uint8Array, mask = -1, unit = 4): void {
  if (isVector(operand)) {
    machine.vectors.fill(0, startOf(operand), startOf(operand) + 64);
    machine.vectors.set(value, startOf(operand));
    return;
  }
  const address = addressOf(machine, operand as Memory);
  if (mask === -1) {
    check(machine, address, value.length, WRITE);
    new Uint8Array(machine.memory.buffer, address, value.length).set(value);
    return;
  }
  for (let lane = 0; lane < value.length / unit; lane += 1) {
    if (((mask >>> lane) & 1) === 0) continue;
    check(machine, address + lane * unit, unit, WRITE);
    for (let i = 0; i < unit; i += 1)
      machine.memory.setUint8(address + lane * unit + i, value[lane * unit + i] as number);
  }
}

const floats = (bytes: Uint8Array<ArrayBuffer>) => new Float32Array(bytes.buffer);
const words = (bytes: Uint8Array<ArrayBuffer>) => new Uint32Array(bytes.buffer);
const halves = (bytes: Uint8Array<ArrayBuffer>) => new Uint16Array(bytes.buffer);
const bytesOf = (values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>) =>
  new Uint8Array(values.buffer);

/** Lane by lane: target = operation(second, third, target). */
const lanes =
  (operation: (a: number, b: number, before: number) => number): Semantics =>
  (machine, [to, left, right]) => {
    const bytes = sizeOf(to);
    const [a, b] = [floats(source(machine, left as Operand, bytes)), floats(source(machine, right as Operand, bytes))];
    const before = floats(source(machine, to as Operand, bytes));
    const result = before.map((value, i) => operation(a[i] as number, b[i] as number, value));
    target(machine, to as Operand, bytesOf(result));
  };

const integers =
  (operation: (a: number, b: number) => number): Semantics =>
  (machine, [to, left, right]) => {
    const bytes = sizeOf(to);
    const a = words(source(machine, left as Operand, bytes));
    const b = typeof right === 'number' ? null : words(source(machine, right as Operand, bytes));
    target(
      machine,
      to as Operand,
      bytesOf(a.map((value, i) => operation(value, b === null ? (right as number) : (b[i] as number)))),
    );
  };

/** The lowest lane alone; the others are those of the second operand. */
const lowest =
  (operation: (a: number, b: number) => number): Semantics =>
  (machine, [to, left, right]) => {
    const a = floats(source(machine, left as Operand, 16));
    const [b = 0] = floats(source(machine, right as Operand, isVector(right) ? 16 : 4));
    a[0] = operation(a[0] as number, b);
    target(machine, to as Operand, bytesOf(a));
  };

/** Floats of 128-bit lanes: from which of the second (0 .. 3) or third (4 .. 7) operand each comes. */
const shuffle =
  (places: readonly number[]): Semantics =>
  (machine, [to, left, right]) => {
    const bytes = sizeOf(to);
    const [a, b] = [words(source(machine, left as Operand, bytes)), words(source(machine, right as Operand, bytes))];
    const result = a.map((_, i) => {
      const place = places[i % 4] as number;
      return (place < 4 ? a[i - (i % 4) + place] : b[i - (i % 4) + place - 4]) as number;
    });
    target(machine, to as Operand, bytesOf(result));
  };

const move =
  (unit: number): Semantics =>
  (machine, [to, from], instruction) => {
    const mask = maskOf(machine, instruction);
    const bytes = Math.max(sizeOf(to), sizeOf(from));
    const value = source(machine, from as Operand, bytes, mask, unit);
    target(machine, to as Operand, value, mask, unit);
  };

function maskOf(machine: Machine, { mask }: Instruction): number {
  return mask === undefined ? -1 : (machine.masks.get(mask) as number);
}

const half =
  (first: boolean): Semantics =>
  (machine, [to, from, which]) => {
    if (!first) throw new RangeError('not known here');
    const bytes = sizeOf(to);
    target(
      machine,
      to as Operand,
      source(machine, from as Operand, sizeOf(from))
        .slice((which as number) * bytes)
        .slice(0, bytes),
    );
  };

/** Neither is taken where one is no number or both are zeros, but the third operand. */
const maximum = (a: number, b: number) => (a > b ? a : b);

export const vectorSemantics: Record<string, Semantics> = {
  vaddps: lanes((a, b) => a + b),
  vsubps: lanes((a, b) => a - b),
  vmulps: lanes((a, b) => a * b),
  vmaxps: lanes(maximum),
  vfmadd213ps: lanes((a, b, before) => fma(a, before, b)),
  vfmadd231ps: lanes((a, b, before) => fma(a, b, before)),
  vxorps: integers((a, b) => a ^ b),
  vpxord: integers((a, b) => a ^ b),
  vpord: integers((a, b) => a | b),
  vpaddd: integers((a, b) => a + b),
  vpslld: integers((a, count) => (count > 31 ? 0 : a << count)),
  vaddss: lowest((a, b) => a + b),
  vdivss: lowest((a, b) => a / b),
  vmaxss: lowest(maximum),
  vunpcklps: shuffle([0, 4, 1, 5]),
  vunpckhps: shuffle([2, 6, 3, 7]),
  vmovlhps: shuffle([0, 1, 4, 5]),
  vmovhlps: shuffle([6, 7, 2, 3]),
  vpermilps: (machine, [to, from, order]) => {
    const places = [0, 1, 2, 3].map((i) => ((order as number) >> (2 * i)) & 3);
    shuffle(places)(machine, [to as Operand, from as Operand, from as Operand], { op: 'vpermilps', operands: [] });
  },
  vextractf128: half(true),
  vextractf64x4: half(true),
  vmovups: move(4),
  vmovdqu16: move(2),
  vmaskmovps: (machine, [to, second, third]) => {
    const register = second as Vector;
    const bytes = sizeOf(register);
    let mask = 0;
    for (const [i, word] of words(source(machine, register, bytes)).entries()) mask |= (word >>> 31) << i;
    target(machine, to as Operand, source(machine, third as Operand, bytes, isVector(to) ? mask : -1), mask);
  },
  vmovss: (machine, [to, from]) => {
    const value = new Uint8Array(isVector(to) ? 16 : 4);
    value.set(source(machine, from as Operand, 4));
    target(machine, to as Operand, value);
  },
  vmovd: (machine, [to, from]) =>
    target(machine, to as Operand, bytesOf(new Uint32Array([readGeneral(machine, from as string), 0, 0, 0]))),
  vbroadcastss: (machine, [to, from]) => {
    const [value = 0] = words(source(machine, from as Operand, 4));
    target(machine, to as Operand, bytesOf(new Uint32Array(sizeOf(to) / 4).fill(value)));
  },
  vucomiss: (machine, [left, right]) => {
    const [[a = 0], [b = 0]] = [
      floats(source(machine, left as Operand, 4)),
      floats(source(machine, right as Operand, 4)),
    ];
    const unordered = Number.isNaN(a) || Number.isNaN(b);
    machine.flags = { less: false, equal: unordered || a === b, unordered };
  },
  vzeroupper: ({ vectors }) => {
    for (let i = 0; i < 16; i += 1) vectors.fill(0, i * 64 + 16, i * 64 + 64);
  },
  vpmovzxwd: (machine, [to, from], instruction) => {
    const values = halves(source(machine, from as Operand, sizeOf(to) / 2, maskOf(machine, instruction), 2));
    target(machine, to as Operand, bytesOf(Uint32Array.from(values)));
  },
  vcvtneps2bf16: (machine, [to, from]) =>
    target(
      machine,
      to as Operand,
      bytesOf(Uint16Array.from(floats(source(machine, from as Operand, sizeOf(to) * 2)), toBf16)),
    ),
  // The odd products first, each step rounded, denormals as zeros (volume 2C, VDPBF16PS).
  vdpbf16ps: (machine, [to, left, right]) => {
    const bytes = sizeOf(to);
    const [a, b] = [halves(source(machine, left as Operand, bytes)), halves(source(machine, right as Operand, bytes))];
    const sums = floats(source(machine, to as Operand, bytes));
    const term = (sum: number, i: number) =>
      flush(fma(flush(fromBf16(a[i] as number)), flush(fromBf16(b[i] as number)), sum));
    target(machine, to as Operand, bytesOf(sums.map((sum, i) => term(term(flush(sum), 2 * i + 1), 2 * i))));
  },
};
