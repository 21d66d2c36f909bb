/** Attention sinks: a logit of each query head that joins l, the sum of the weights, at the end. */

import { slot } from './call.ts';
import { constant, emitExp2 } from './exp2.ts';
import { type Shape, vector } from './shape.ts';
import type { Labels } from './text/control.ts';
import { at, type Code, note, op, type Vector } from './text/instruction.ts';

/** Registers of a loop over rows: r10 at the m of the row, r12 counts the rows of its group. rax is at the scratch. */
export const beginSinks = (shape: Shape): Code => [
  op('lea', 'r11', at('rax', shape.private.constants)),
  op('lea', 'r10', at('rax', shape.private.maxima)),
  op('mov', 'r12', shape.config.rows),
  op('mov', 'r13', slot('sink')),
];

/**
 * For l in lane 0 of `total` and 1 in lane 0 of `factor`, both of a row: l e^(m - M) + e^(sink - M) and e^(m - M), M = max(m, sink),
 * since sums and l are relative to m. Goes on to the next row's m.
 */
export function emitSink(shape: Shape, total: Vector, factor: Vector, labels: Labels): Code {
  const [m, sink, top] = [3, 4, 5].map((i) => vector(shape, i)) as [Vector, Vector, Vector];
  const work = (i: number) => ({ n: vector(shape, i), f: vector(shape, i + 1) });
  const next = labels('same_group');
  return [
    note('the sink joins l: M = max(m, sink), e^(m - M) / (l e^(m - M) + e^(sink - M))'),
    op('vbroadcastss', m, at('r10')),
    op('vbroadcastss', sink, at('r13')),
    op('vmaxps', top, m, sink),
    [m, sink].map((x) => [op('vsubps', x, x, top), op('vmulps', x, x, constant(shape, 'log2e'))]),
    emitExp2(shape, [
      { x: m, ...work(6) },
      { x: sink, ...work(8) },
    ]),
    op('vmulps', total, total, m),
    op('vaddps', total, total, sink),
    op('vmulps', factor, factor, m),
    op('add', 'r10', 4),
    op('sub', 'r12', 1),
    { jump: 'jne', to: next },
    op('mov', 'r12', shape.config.rows),
    op('add', 'r10', shape.rowVectors * shape.vectorBytes - 4 * shape.config.rows),
    { label: next },
  ];
}
