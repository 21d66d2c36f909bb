/** Phase load q: the rows of a work tile, scaled, to the private memory of the thread, and the state of a tile that saw no key yet. */

import { slot } from './call.ts';
import { LOWEST } from './exp2-constants.ts';
import { clear, type Shape, vector } from './shape.ts';
import { load, preparePart, vectorsOf } from './tail.ts';
import { type Labels, loop, phase, splatTo, zero } from './text/control.ts';
import { at, type Code, note, op, times, type Vector } from './text/instruction.ts';

/** Rows past the last are zeros, up to a whole row group. */
export function emitLoadQ(shape: Shape, labels: Labels): Code {
  const { rows } = shape.config;
  const [value, scale, none] = [0, 1, 2].map((i) => vector(shape, i)) as [Vector, Vector, Vector];
  const past = labels('past_rows');
  const next = labels('next_row');
  return phase(
    'load q',
    note('constants of the softmax'),
    op('mov', 'r11', slot('scratch')),
    op('lea', 'rdi', at('r11', shape.private.constants)),
    shape.constants.map((constant, i) => [
      splatTo(value as `ymm${number}`, constant.value),
      op('vmovups', at('rdi', i * shape.vectorBytes), value),
    ]),
    shape.bf16 ? emitScale(shape, value) : [],
    note('m of all row groups'),
    splatTo(value as `ymm${number}`, LOWEST),
    op('lea', 'rdi', at('r11', shape.private.maxima)),
    zero('rcx'),
    loop(labels, 'maxima', { register: 'rcx', first: 'rcx', end: 'r15', step: rows }, [
      times(shape.rowVectors, (i) => op('vmovups', at('rdi', i * shape.vectorBytes), value)),
      op('add', 'rdi', shape.rowVectors * shape.vectorBytes),
    ]),
    note(shape.bf16 ? 'q, with the sign of scale; sums and l are 0' : 'q times scale; sums and l are 0'),
    preparePart(shape, shape.headDim),
    shape.bf16 ? emitSigns(scale) : op('vbroadcastss', scale, slot('scale')),
    clear(shape, none),
    op('mov', 'rsi', slot('q')),
    op('lea', 'rdi', at('r11', shape.private.q)),
    op('lea', 'r8', at('r11', shape.private.sums)),
    op('lea', 'r9', at('r11', shape.private.rowSums)),
    loop(labels, 'q_row', { register: 'rcx', first: 0, end: 'r15', step: 1 }, [
      op('cmp', 'rcx', slot('rows')),
      { jump: 'jge', to: past },
      vectorsOf(shape, shape.headDim).map((part) => [
        load(shape, value, 'rsi', part),
        op(shape.bf16 ? 'vpxord' : 'vmulps', value, value, scale),
        op('vmovups', at('rdi', part.offset), value),
      ]),
      { jump: 'jmp', to: next },
      { label: past },
      times(shape.qDims / shape.lanes, (i) => op('vmovups', at('rdi', i * shape.vectorBytes), none)),
      { label: next },
      times(shape.oDims / shape.lanes, (i) => op('vmovups', at('r8', i * shape.vectorBytes), none)),
      op('vmovups', at('r9'), none),
      op('add', 'rsi', slot('qStride')),
      op('add', 'rdi', shape.qDims * 4),
      op('add', 'r8', shape.oDims * 4),
      op('add', 'r9', shape.vectorBytes),
    ]),
  );
}

/** |scale| among the constants: scores of bf16 products are scaled in the softmax, whose maximum is that of scores before it. */
const emitScale = (shape: Shape, value: Vector): Code => [
  note('the size of scale'),
  op('mov', 'eax', slot('scale')),
  op('and', 'rax', 0x7fffffff),
  splat(value),
  op('vmovups', at('rdi', shape.constants.findIndex(({ name }) => name === 'scale') * shape.vectorBytes), value),
];

/** The sign bits of pairs of bf16 where scale is below 0, else nothing. */
const emitSigns = (target: Vector): Code => [
  op('mov', 'eax', slot('scale')),
  op('shr', 'rax', 31),
  op('imul', 'rax', 'rax', 0x8000),
  op('mov', 'rcx', 'rax'),
  op('shl', 'rcx', 16),
  op('add', 'rax', 'rcx'),
  splat(target),
];

/** A vector full of eax. */
const splat = (target: Vector): Code => {
  const low = `xmm${target.slice(3)}` as Vector;
  return [op('vmovd', low, 'eax'), op('vbroadcastss', target, low)];
};
