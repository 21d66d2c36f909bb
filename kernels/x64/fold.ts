/** Folding the lanes of a vector into one float. */

import type { Vectors } from './shape.ts';
import { type Code, op, type Vector } from './text/instruction.ts';

type Number = `${number}`;
const numberOf = (register: Vector) => register.slice(3) as Number;

/**
 * Leaves in lane 0 of `register` the sum or the maximum of its lanes; `other` is changed. Halves are folded on halves.
 */
export function emitFold(
  { config }: Pick<Vectors, 'config'>,
  operation: 'vaddps' | 'vmaxps',
  register: Vector,
  other: Vector,
): Code {
  const [a, b] = [numberOf(register), numberOf(other)];
  const ymm = (n: Number): Vector => `ymm${n as unknown as number}`;
  const xmm = (n: Number): Vector => `xmm${n as unknown as number}`;
  return [
    config.set !== 'avx2' ? [op('vextractf64x4', ymm(b), register, 1), op(operation, ymm(a), ymm(a), ymm(b))] : [],
    op('vextractf128', xmm(b), ymm(a), 1),
    op(operation, xmm(a), xmm(a), xmm(b)),
    op('vpermilps', xmm(b), xmm(a), 0b01_00_11_10),
    op(operation, xmm(a), xmm(a), xmm(b)),
    op('vpermilps', xmm(b), xmm(a), 0b10_11_00_01),
    op(operation, xmm(a), xmm(a), xmm(b)),
  ];
}
