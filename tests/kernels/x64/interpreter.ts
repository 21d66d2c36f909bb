/**
 * An interpreter of the typed instructions that kernels in machine code emit: what the CPU does with them by Intel's manual (volume
 * 2), for code that the CPU at hand cannot run. Addresses are offsets in one memory, of which only the bytes that were allowed are
 * touched.
 */

import type { Code, Line } from '../../../kernels/x64/text/instruction.ts';
import { linesOf } from '../../../kernels/x64/text/instruction.ts';
import { generalSemantics } from './general-semantics.ts';
import { createMachine, type Machine, type Semantics } from './machine.ts';
import { attend, type Head, outputOf } from './one-head.ts';
import { tileSemantics } from './tile-semantics.ts';
import { vectorSemantics } from './vector-semantics.ts';

const SEMANTICS: Record<string, Semantics> = { ...generalSemantics, ...vectorSemantics, ...tileSemantics };

/** Registers that a function must leave as it found them, with the values that they have before a call. */
const KEPT = { rbx: 11, rbp: 12, r12: 13, r13: 14, r14: 15, r15: 16 };

/**
 * Calls the function at a label with one pointer. Throws where the code does what a CPU faults at, touches memory that is not
 * allowed, does not know an instruction, or comes back with another stack or other kept registers.
 */
function call(machine: Machine, code: Code, name: string, pointer: number, stack: number): void {
  const lines = linesOf(code).filter((line) => !('note' in line));
  const labels = new Map(lines.flatMap((line, i) => ('label' in line ? [[line.label, i] as const] : [])));
  const { general } = machine;
  for (const [register, value] of Object.entries(KEPT)) general.set(register, value);
  general.set('rdi', pointer);
  general.set('rsp', stack);
  let at = labels.get(name);
  for (;;) {
    const line: Line | undefined = at === undefined ? undefined : lines[at];
    if (at === undefined || line === undefined) throw new RangeError(`${name} runs to where there is no code`);
    at += 1;
    if ('jump' in line) {
      if (taken(machine, line.jump)) at = labels.get(line.to);
    } else if ('op' in line) {
      if (line.op === 'ret') break;
      const semantics = SEMANTICS[line.op];
      if (semantics === undefined) throw new RangeError(`${line.op} is not known here`);
      machine.counts.set(line.op, (machine.counts.get(line.op) ?? 0) + 1);
      semantics(machine, line.operands, line);
    }
  }
  if (general.get('rsp') !== stack) throw new RangeError(`${name} leaves another stack`);
  for (const [register, value] of Object.entries(KEPT)) {
    if (general.get(register) !== value) throw new RangeError(`${name} does not keep ${register}`);
  }
}

/** Signed comparisons; jp, je and jne also after comparisons of floats. */
function taken({ flags: { less, equal, unordered } }: Machine, jump: string): boolean {
  switch (jump) {
    case 'jmp':
      return true;
    case 'je':
      return equal;
    case 'jne':
      return !equal;
    case 'jl':
      return less;
    case 'jle':
      return less || equal;
    case 'jg':
      return !less && !equal;
    case 'jge':
      return !less;
    case 'jp':
      return unordered;
    default:
      throw new RangeError(`${jump} is not known here`);
  }
}

/** Runs a head; its output rows, how often each instruction was executed, and the memory after it. */
export function interpret(head: Head): { outputs: Float32Array[]; counts: Map<string, number>; memory: DataView } {
  const machine = createMachine(head.image.length);
  new Uint8Array(machine.memory.buffer).set(head.image);
  machine.allowed.set(head.allowed);
  attend(head, machine.memory, 0n, (name, pointer) =>
    call(machine, head.program.code, name, Number(pointer), head.at.stack),
  );
  return { outputs: outputOf(head, machine.memory), counts: machine.counts, memory: machine.memory };
}
