/** Machine code as assembly in Intel's syntax, each instruction under the note of its phase. */

import { type Code, type Instruction, type Line, linesOf, type Memory, type Operand } from './instruction.ts';

/** The listing, a line an instruction. */
export function printAssembly(code: Code): string {
  return `${linesOf(code).map(printLine).join('\n')}\n`;
}

function printLine(line: Line): string {
  if ('note' in line) return line.note === '' ? '' : `; ${line.note}`;
  if ('label' in line) return `${line.label}:`;
  if ('jump' in line) return `  ${line.jump} ${line.to}`;
  return `  ${printInstruction(line)}`;
}

export function printInstruction({ op, operands, mask }: Instruction): string {
  const [first, ...others] = operands.map(printOperand);
  if (first === undefined) return op;
  const loads = typeof operands[0] === 'string';
  const suffix = mask === undefined ? '' : `{${mask}}${loads ? '{z}' : ''}`;
  return `${op} ${[first + suffix, ...others].join(', ')}`;
}

function printOperand(operand: Operand): string {
  if (typeof operand === 'object') return printMemory(operand);
  return typeof operand === 'number' && Math.abs(operand) > 4096 ? `0x${operand.toString(16)}` : String(operand);
}

function printMemory({ base, index, scale = 1, offset, each }: Memory): string {
  const indexed = index === undefined ? '' : ` + ${index}${scale === 1 ? '' : ` * ${scale}`}`;
  const displaced = offset === 0 ? '' : ` ${offset < 0 ? '-' : '+'} ${Math.abs(offset)}`;
  return `[${base}${indexed}${displaced}]${each === true ? '{each}' : ''}`;
}
