/** Wrong machine code: instructions of x64-flash changed, left out or added, each found by what it says. */

import type { Program } from '../../kernels/kernel.ts';
import { slot } from '../../kernels/x64/call.ts';
import { x64Flash } from '../../kernels/x64/flash.ts';
import { floatBits } from '../../kernels/x64/text/control.ts';
import { type Code, type Instruction, type Line, linesOf, op } from '../../kernels/x64/text/instruction.ts';
import { printInstruction } from '../../kernels/x64/text/print.ts';
import { changed, type Mutant, Stale } from './mutant.ts';

/** What stands in the place of an instruction. */
type Replacement = (instruction: Instruction) => Code;

/** Replaces every instruction of a phase whose text matches, or the first few of them. Throws Stale where there is none. */
const within =
  (phase: RegExp, text: RegExp, replacement: Replacement, most = Number.POSITIVE_INFINITY) =>
  (lines: readonly Line[]): Line[] => {
    let [inside, found] = [false, 0];
    const result = lines.flatMap((line) => {
      if ('note' in line && line.note.startsWith('-- ')) inside = phase.test(line.note);
      if (!inside || !('op' in line) || found >= most || !text.test(printInstruction(line))) return [line];
      found += 1;
      return linesOf(replacement(line));
    });
    if (found === 0) throw new Stale(`no ${text} in the phase ${phase}`);
    return result;
  };

const memory = (name: Parameters<typeof slot>[0]) => new RegExp(`\\[rbx \\+ ${slot(name).offset}\\]`);
const constant = (value: number) => new RegExp(`^mov eax, 0x${floatBits(value).toString(16)}$`);

const FAULTS: Record<string, (lines: readonly Line[]) => Line[]> = {
  'the diagonal is a key too far': within(
    /mask/,
    new RegExp(`^add (?:rax|rcx), .*${memory('windowHigh').source}`),
    (line) => [line, op('add', line.operands[0] as 'rax', 1)],
  ),
  'a causal row does not see its own key': within(
    /mask/,
    new RegExp(`^add rax, ${memory('windowHigh').source}`),
    (line) => [line, op('sub', 'rax', 1)],
  ),
  'sums are not rescaled': within(/accumulate/, /^vmulps .*rdi/, ({ operands: [sum, , from] }) =>
    op('vmovups', sum as 'ymm0', from as 'ymm0'),
  ),
  'powers of two are e^x 0.1 % off': within(/load q/, constant(Math.LOG2E), () =>
    op('mov', 'eax', floatBits(Math.LOG2E * 1.001)),
  ),
  'a term of the polynomial is 1 % off': within(/load q/, constant(0.240222420742), () =>
    op('mov', 'eax', floatBits(0.240222420742 * 1.01)),
  ),
  'a multiply-add of the scores is left out': within(/scores/, /^vfmadd231ps/, () => [], 1),
  'a multiply-add of the sums is left out': within(/accumulate/, /^vfmadd231ps/, () => [], 1),
  'a vector of weights is not in l': within(/exponentials/, /^vaddps (\S+), \1, /, () => [], 1),
  'the last row of a tile is not written': within(/write/, memory('rows'), (line) => [line, op('sub', 'r9', 1)], 1),
  'a key is staged as zeros from the last but one on': within(
    /stage K/,
    new RegExp(`^cmp rdx, ${memory('seqKv').source}`),
    (line) => [op('add', 'rdx', 1), line],
  ),
  'V of the next key': within(/stage V/, memory('v'), (line) => [line, op('add', 'rsi', slot('vStride'))]),
};

const FULL = 'a full mask has no diagonal';
const LAST = 'the slice does not run the rows that see the last key';

function unmetOf(fault: string): Pick<Mutant, 'unmet'> {
  if (/diagonal|its own key/.test(fault)) return { unmet: { '4k full mask': FULL } };
  if (/last but one/.test(fault)) return { unmet: { '4k slice': LAST, '32k slice': LAST } };
  return {};
}

/** All of them. */
export function x64Mutants(): Mutant[] {
  return Object.entries(FAULTS).map(([fault, change]) => ({
    family: 'x64-flash',
    fault,
    right: x64Flash,
    kernel: changed(x64Flash, (program: Program) => {
      if (program.kind !== 'x64') throw new Stale('x64-flash is no program in machine code');
      return { ...program, code: change(linesOf(program.code)) };
    }),
    ...unmetOf(fault),
  }));
}
