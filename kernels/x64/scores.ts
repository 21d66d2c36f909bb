/** Phase scores: q k^T of a row group and the keys that it may see of a block, panel by panel. */

import { slot } from './call.ts';
import { emitProducts, sum } from './products.ts';
import { clear, type Shape } from './shape.ts';
import { type Labels, loop, phase } from './text/control.ts';
import { at, type Code, op, times } from './text/instruction.ts';

/** Scores of keys low .. high to private memory, [row][key - low]. */
export function emitScores(shape: Shape, labels: Labels): Code {
  const { rows, vectors } = shape.config;
  return phase(
    'scores: s = q k^T',
    op('mov', 'rax', slot('scratch')),
    op('mov', 'r8', slot('row')),
    op('imul', 'r8', 'r8', shape.qDims * 4),
    op('add', 'r8', 'rax'),
    shape.private.q === 0 ? [] : op('add', 'r8', shape.private.q),
    op('lea', 'rdi', at('rax', shape.private.scores)),
    op('mov', 'r10', slot('high')),
    op('mov', 'r9', slot('low')),
    loop(labels, 'key_panel', { register: 'r9', first: 'r9', end: 'r10', step: shape.width }, [
      op('imul', 'rdx', 'r9', shape.steps * 4),
      op('add', 'rdx', slot('packedK')),
      op('mov', 'rsi', 'r8'),
      times(rows * vectors, (i) => clear(shape, sum(shape, 0, i))),
      emitProducts(shape, labels, shape.qDims * 4, shape.steps),
      times(rows, (r) =>
        times(vectors, (v) => op('vmovups', at('rdi', r * shape.scoreBytes + v * shape.vectorBytes), sum(shape, r, v))),
      ),
      op('add', 'rdi', shape.width * 4),
    ]),
  );
}
