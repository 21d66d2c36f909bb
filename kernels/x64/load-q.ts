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
    note('m of all row groups'),
    splatTo(value as `ymm${number}`, LOWEST),
    op('lea', 'rdi', at('r11', shape.private.maxima)),
    zero('rcx'),
    loop(labels, 'maxima', { register: 'rcx', first: 'rcx', end: 'r15', step: rows }, [
      times(shape.rowVectors, (i) => op('vmovups', at('rdi', i * shape.vectorBytes), value)),
      op('add', 'rdi', shape.rowVectors * shape.vectorBytes),
    ]),
    note(shape.bf16 ? 'q; sums and l are 0' : 'q times scale; sums and l are 0'),
    preparePart(shape, shape.headDim),
    shape.bf16 ? [] : op('vbroadcastss', scale, slot('scale')),
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
        shape.bf16 ? [] : op('vmulps', value, value, scale),
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
