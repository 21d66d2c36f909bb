/** What instructions over general registers do. */

import type { Memory, Operand } from '../../../kernels/x64/text/instruction.ts';
import { addressOf, check, type Machine, READ, readGeneral, type Semantics, WRITE, writeGeneral } from './machine.ts';

/** 64 bits of memory, or 32 into half a register. */
function read(machine: Machine, operand: Operand, half = false): number {
  if (typeof operand === 'number') return operand;
  if (typeof operand === 'string') return readGeneral(machine, operand);
  const address = addressOf(machine, operand);
  check(machine, address, half ? 4 : 8, READ);
  return half ? machine.memory.getUint32(address, true) : Number(machine.memory.getBigInt64(address, true));
}

function write(machine: Machine, target: Operand, value: number, half: boolean): void {
  if (typeof target === 'string') {
    writeGeneral(machine, target, value);
    return;
  }
  const address = addressOf(machine, target as Memory);
  check(machine, address, half ? 4 : 8, WRITE);
  if (half) machine.memory.setUint32(address, value >>> 0, true);
  else machine.memory.setBigInt64(address, BigInt(value), true);
}

/** Flags after a result, as far as jumps here look at them. */
function flagsOf(machine: Machine, left: number, right: number): void {
  machine.flags = { less: left < right, equal: left === right, unordered: false };
}

const isHalf = (operand: Operand | undefined) => typeof operand === 'string' && operand.startsWith('e');

/** An operation of a target and a source. */
const binary =
  (operation: (target: number, source: number) => number): Semantics =>
  (machine, [target, source]) => {
    const half = isHalf(target);
    const value = operation(read(machine, target as Operand), read(machine, source as Operand, half));
    write(machine, target as Operand, value, half);
    flagsOf(machine, value, 0);
  };

const moveIf =
  (condition: (flags: Machine['flags']) => boolean): Semantics =>
  (machine, [target, source]) => {
    const value = read(machine, source as Operand);
    if (condition(machine.flags)) write(machine, target as Operand, value, false);
  };

const bits = (operation: (a: bigint, b: bigint) => bigint) => (a: number, b: number) =>
  Number(BigInt.asIntN(64, operation(BigInt(a), BigInt(b))));

export const generalSemantics: Record<string, Semantics> = {
  mov: (machine, [target, source]) => {
    const half = isHalf(target) || isHalf(source);
    write(machine, target as Operand, read(machine, source as Operand, half), half);
  },
  lea: (machine, [target, source]) => writeGeneral(machine, target as string, addressOf(machine, source as Memory)),
  add: binary((a, b) => a + b),
  sub: binary((a, b) => a - b),
  and: binary(bits((a, b) => a & b)),
  xor: (machine, operands, instruction) => {
    const [target, source] = operands;
    // What the register held before makes no difference.
    if (target === source) writeGeneral(machine, target as string, 0);
    binary(bits((a, b) => a ^ b))(machine, operands, instruction);
  },
  shl: binary((a, b) => a * 2 ** b),
  shr: binary((a, b) => {
    if (a < 0) throw new RangeError('a logical shift of a negative number');
    return Math.floor(a / 2 ** b);
  }),
  imul: (machine, [target, left, right]) => {
    const a = read(machine, (right === undefined ? target : left) as Operand);
    write(machine, target as Operand, a * read(machine, (right ?? left) as Operand), false);
  },
  div: (machine, [divisor]) => {
    if (readGeneral(machine, 'rdx') !== 0) throw new RangeError('div of more than 64 bits');
    const [a, b] = [readGeneral(machine, 'rax'), read(machine, divisor as Operand)];
    if (b === 0) throw new RangeError('division by 0');
    writeGeneral(machine, 'rax', Math.floor(a / b));
    writeGeneral(machine, 'rdx', a % b);
  },
  cmp: (machine, [left, right]) =>
    flagsOf(machine, read(machine, left as Operand, isHalf(right)), read(machine, right as Operand, isHalf(left))),
  cmovg: moveIf(({ less, equal }) => !less && !equal),
  cmovge: moveIf(({ less }) => !less),
  cmovl: moveIf(({ less }) => less),
  push: (machine, [source]) => {
    writeGeneral(machine, 'rsp', readGeneral(machine, 'rsp') - 8);
    write(machine, { base: 'rsp', offset: 0 }, read(machine, source as Operand), false);
  },
  pop: (machine, [target]) => {
    write(machine, target as Operand, read(machine, { base: 'rsp', offset: 0 }), false);
    writeGeneral(machine, 'rsp', readGeneral(machine, 'rsp') + 8);
  },
  // Nothing that can be seen, wherever it points.
  prefetcht0: () => {},
  kmovd: (machine, [target, source]) =>
    void machine.masks.set(target as string, readGeneral(machine, source as string)),
};
