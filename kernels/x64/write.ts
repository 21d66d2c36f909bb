/** Phase write: o = sums / l, zeros for a row that saw no key. */

import { slot } from './call.ts';
import { emitFold } from './fold.ts';
import { type Shape, vector } from './shape.ts';
import { beginSinks, emitSink } from './sinks.ts';
import { preparePart, store, vectorsOf } from './tail.ts';
import { floatBits, type Labels, loop, phase } from './text/control.ts';
import { at, type Code, masked, op, times, type Vector } from './text/instruction.ts';

export function emitWrite(shape: Shape, labels: Labels): Code {
  const [total, other, factor] = [0, 1, 2].map((i) => vector(shape, i)) as [Vector, Vector, Vector];
  const xmm = (register: Vector) => `xmm${register.slice(3)}` as Vector;
  const seen = labels('row_saw_keys');
  const { sinks = false } = shape.scores;
  return phase(
    sinks ? 'write: o = sums / (l + e^(sink - m))' : 'write: o = sums / l',
    preparePart(shape, shape.headDimV, shape.lanes),
    op('mov', 'rax', slot('scratch')),
    op('lea', 'rsi', at('rax', shape.private.sums)),
    op('lea', 'r8', at('rax', shape.private.rowSums)),
    op('mov', 'rdi', slot('o')),
    op('mov', 'r9', slot('rows')),
    sinks ? beginSinks(shape) : [],
    loop(labels, 'o_row', { register: 'rcx', first: 0, end: 'r9', step: 1 }, [
      op('vmovups', total, at('r8')),
      emitFold(shape, 'vaddps', total, other),
      op('mov', 'eax', floatBits(1)),
      op('vmovd', xmm(factor), 'eax'),
      sinks ? emitSink(shape, total, factor, labels) : [],
      op('vdivss', xmm(factor), xmm(factor), xmm(total)),
      op('vxorps', xmm(other), xmm(other), xmm(other)),
      op('vucomiss', xmm(total), xmm(other)),
      // Not a number compares as equal, and is no row without keys.
      { jump: 'jp', to: seen },
      { jump: 'jne', to: seen },
      op('vxorps', xmm(factor), xmm(factor), xmm(factor)),
      { label: seen },
      op('vbroadcastss', factor, xmm(factor)),
      shape.bf16
        ? times(Math.ceil(shape.headDimV / shape.lanes), (i) => emitHalf(shape, i, total, factor))
        : vectorsOf(shape, shape.headDimV).map((part) => [
            op('vmulps', total, factor, at('rsi', part.offset)),
            store(shape, 'rdi', part, total),
          ]),
      op('add', 'rsi', shape.oDims * 4),
      op('add', 'r8', shape.vectorBytes),
      op('add', 'rdi', slot('oStride')),
    ]),
  );
}

/** 16 dims, rounded to bf16: half a vector of them. */
function emitHalf({ lanes, headDimV }: Shape, i: number, total: Vector, factor: Vector): Code {
  const half = `ymm${total.slice(3)}` as Vector;
  const to = at('rdi', i * lanes * 2);
  return [
    op('vmulps', total, factor, at('rsi', i * lanes * 4)),
    op('vcvtneps2bf16', half, total),
    (i + 1) * lanes > headDimV ? masked('k1', op('vmovdqu16', to, half)) : op('vmovups', to, half),
  ];
}
