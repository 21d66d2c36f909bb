/** Phase accumulate: sums = sums r + p v of a row group and the keys that it may see of a block, panel of dims by panel. */

import { slot } from './call.ts';
import { emitProducts, sum } from './products.ts';
import type { Shape } from './shape.ts';
import { vector } from './shape.ts';
import { type Labels, loop, phase } from './text/control.ts';
import { at, type Code, op, times } from './text/instruction.ts';

export function emitAccumulate(shape: Shape, labels: Labels): Code {
  const { rows, vectors } = shape.config;
  const rowBytes = shape.oDims * 4;
  const panelBytes = shape.width * 4;
  const { elementBytes, width } = shape;
  const factor = vector(shape, rows * vectors);
  return phase(
    'accumulate: sums = sums r + p v',
    op('mov', 'rax', slot('scratch')),
    op('mov', 'rdi', slot('row')),
    op('imul', 'rdi', 'rdi', rowBytes),
    op('add', 'rdi', 'rax'),
    op('add', 'rdi', shape.private.sums),
    op('lea', 'r8', at('rax', shape.private.scores)),
    op('lea', 'r11', at('rax', shape.private.rescale)),
    op('mov', 'r10', slot('high')),
    op('sub', 'r10', slot('low')),
    // Packed V: block, panel of dims, key of the block.
    op('mov', 'r9', slot('key')),
    op('imul', 'r9', 'r9', shape.oDims * elementBytes),
    op('add', 'r9', slot('packedV')),
    op('mov', 'rax', slot('low')),
    op('sub', 'rax', slot('key')),
    op('imul', 'rax', 'rax', width * elementBytes),
    op('add', 'r9', 'rax'),
    op('mov', 'r12', slot('blockLength')),
    op('imul', 'r12', 'r12', width * elementBytes),
    op('mov', 'r13', shape.oDims / shape.width),
    loop(labels, 'dim_panel', { register: 'r14', first: 0, end: 'r13', step: 1 }, [
      times(rows, (r) => [
        op('vbroadcastss', factor, at('r11', r * 4)),
        times(vectors, (v) => op('vmulps', sum(shape, r, v), factor, at('rdi', r * rowBytes + v * shape.vectorBytes))),
      ]),
      op('mov', 'rsi', 'r8'),
      op('mov', 'rdx', 'r9'),
      op('mov', 'rcx', 'r10'),
      shape.bf16 ? op('shr', 'rcx', 1) : [],
      emitProducts(shape, labels, shape.scoreBytes, 'rcx'),
      times(rows, (r) =>
        times(vectors, (v) => op('vmovups', at('rdi', r * rowBytes + v * shape.vectorBytes), sum(shape, r, v))),
      ),
      op('add', 'rdi', panelBytes),
      op('add', 'r9', 'r12'),
    ]),
  );
}
