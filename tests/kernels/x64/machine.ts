/** The state of an interpreted CPU: registers, flags, and a memory of which only some bytes may be touched. */

import type { Instruction, Memory, Operand } from '../../../kernels/x64/text/instruction.ts';

/** Registers, flags and memory. General registers hold whole numbers below 2^53. */
export interface Machine {
  general: Map<string, number>;
  /** Outcome of the last comparison. */
  flags: { less: boolean; equal: boolean; unordered: boolean };
  /** 32 registers of 64 bytes. */
  vectors: Uint8Array<ArrayBuffer>;
  masks: Map<string, number>;
  tiles: { configured: boolean; bytes: Uint8Array<ArrayBuffer>; rows: number[]; rowBytes: number[] };
  memory: DataView;
  /** What may be done with each byte of the memory. */
  allowed: Uint8Array;
  /** Instructions executed, by name. */
  counts: Map<string, number>;
}

export const READ = 1;
export const WRITE = 2;

/** What one instruction does. */
export type Semantics = (machine: Machine, operands: Operand[], instruction: Instruction) => void;

/** A machine with `bytes` of memory, all of it NaN and nothing allowed. */
export function createMachine(bytes: number): Machine {
  return {
    general: new Map(),
    flags: { less: false, equal: false, unordered: false },
    vectors: new Uint8Array(32 * 64),
    masks: new Map(),
    tiles: { configured: false, bytes: new Uint8Array(8 * 1024), rows: [], rowBytes: [] },
    memory: new DataView(new ArrayBuffer(bytes)),
    allowed: new Uint8Array(bytes),
    counts: new Map(),
  };
}

/** The address of an operand in memory. */
export function addressOf({ general }: Machine, { base, index, scale = 1, offset }: Memory): number {
  return register(general, base) + (index === undefined ? 0 : register(general, index) * scale) + offset;
}

function register(general: Map<string, number>, name: string): number {
  const value = general.get(name);
  if (value === undefined) throw new RangeError(`${name} is read before it is written`);
  return value;
}

/** A 64-bit register, or the low half of one as an unsigned number. */
export function readGeneral({ general }: Machine, name: string): number {
  if (!name.startsWith('e')) return register(general, name);
  return register(general, `r${name.slice(1)}`) >>> 0;
}

/** Writes a register; a half clears the other. Throws where the number is too large to be held exactly. */
export function writeGeneral({ general }: Machine, name: string, value: number): void {
  if (!Number.isSafeInteger(value)) throw new RangeError(`${name} = ${value}`);
  if (name.startsWith('e')) general.set(`r${name.slice(1)}`, value >>> 0);
  else general.set(name, value);
}

/** Checks that bytes may be touched. */
export function check({ allowed }: Machine, address: number, bytes: number, how: number): void {
  for (let at = address; at < address + bytes; at += 1) {
    if (((allowed[at] ?? 0) & how) === 0) throw new RangeError(`${how === READ ? 'reads' : 'writes'} byte ${at}`);
  }
}
