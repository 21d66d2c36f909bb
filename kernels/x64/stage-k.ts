/** Phase stage K: one panel of keys, transposed to [dim][key], so that the product reads it from one end to the other. */

import { slot } from './call.ts';
import type { Shape } from './shape.ts';
import { type Labels, loop, phase } from './text/control.ts';
import { at, atIndex, type Code, type General, masked, note, op, times, type Vector } from './text/instruction.ts';

/** Where four keys begin. */
const KEYS: General[] = ['r8', 'r9', 'r10', 'r11'];
const xmm = (i: number): Vector => `xmm${i}`;

/** Keys from r12 on, a panel's width of them, to r13; keys past the last are zeros. Changes all but rbx, r12 and r15. */
export function emitStageK(shape: Shape, labels: Labels): Code {
  const { headDim, width, steps } = shape;
  const words = shape.bf16 ? Math.floor(headDim / 2) : headDim;
  const whole = words - (words % 4);
  const odd = shape.bf16 && headDim % 2 === 1;
  return phase(
    'stage K',
    odd ? [op('mov', 'eax', 1), op('kmovd', 'k1', 'eax')] : [],
    op('mov', 'rax', 'r12'),
    op('lea', 'r14', at('r12', width)),
    loop(labels, 'four_keys', { register: 'rax', first: 'rax', end: 'r14', step: 4 }, [
      KEYS.map((register, i) => keyAddress(register, i)),
      op('mov', 'rdi', 'r13'),
      whole === 0
        ? []
        : loop(labels, 'four_dims', { register: 'rcx', first: 0, end: whole * 4, step: 16 }, emitTranspose(shape)),
      times(words - whole, (dim) => [
        KEYS.map((register, i) => [
          op('vmovss', xmm(0), at(register, (whole + dim) * 4)),
          op('vmovss', at('rdi', (dim * width + i) * 4), xmm(0)),
        ]),
      ]),
      odd ? emitOdd(shape, words - whole, words) : [],
      emitZeros(shape, words - whole + (odd ? 1 : 0), steps - words - (odd ? 1 : 0)),
      op('add', 'r13', 16),
    ]),
  );
}

/** The last dim of an odd number of them, a zero beside it. k1 holds the first lane. */
const emitOdd = ({ width }: Shape, place: number, word: number): Code =>
  KEYS.map((register, i) => [
    masked('k1', op('vmovdqu16', xmm(0), at(register, word * 4))),
    op('vmovss', at('rdi', (place * width + i) * 4), xmm(0)),
  ]);

/** Pairs that fill the last tile. */
const emitZeros = ({ width }: Shape, place: number, count: number): Code =>
  count === 0
    ? []
    : [
        op('vxorps', xmm(0), xmm(0), xmm(0)),
        times(count, (i) => op('vmovups', at('rdi', (place + i) * width * 4), xmm(0))),
      ];

/** Key rax + i, or the row of zeros. Changes rdx. */
const keyAddress = (register: General, i: number): Code => [
  op('lea', 'rdx', at('rax', i)),
  op('mov', register, 'rdx'),
  op('imul', register, slot('kStride')),
  op('add', register, slot('k')),
  op('cmp', 'rdx', slot('seqKv')),
  op('cmovge', register, slot('zeros')),
];

/** Four keys by four dims: the usual transposition by interleaving, then by halves. */
export function emitTranspose({ width }: Pick<Shape, 'width'>): Code {
  return [
    note('xmm0 .. 3: four dims of four keys; 4 .. 7: the first two keys by turns, and the last two'),
    KEYS.map((register, i) => op('vmovups', xmm(i), atIndex(register, 'rcx'))),
    op('vunpcklps', xmm(4), xmm(0), xmm(1)),
    op('vunpckhps', xmm(5), xmm(0), xmm(1)),
    op('vunpcklps', xmm(6), xmm(2), xmm(3)),
    op('vunpckhps', xmm(7), xmm(2), xmm(3)),
    note('one dim of four keys'),
    op('vmovlhps', xmm(0), xmm(4), xmm(6)),
    op('vmovhlps', xmm(1), xmm(6), xmm(4)),
    op('vmovlhps', xmm(2), xmm(5), xmm(7)),
    op('vmovhlps', xmm(3), xmm(7), xmm(5)),
    times(4, (i) => op('vmovups', at('rdi', i * width * 4), xmm(i))),
    op('add', 'rdi', 4 * width * 4),
  ];
}
