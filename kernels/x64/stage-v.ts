/** Phase stage V: a panel of keys, each row's dims to the panels that hold them, zeros beyond the last dim and key. */

import { slot } from './call.ts';
import { clear, type Shape, vector } from './shape.ts';
import { load, preparePart, vectorsOf } from './tail.ts';
import { type Labels, loop, minimum, phase } from './text/control.ts';
import { at, type Code, op, times } from './text/instruction.ts';

/** Keys from r12 on, a panel's width of them, to packed V: [key block][dim panel][key of the block][dim of the panel]. */
export function emitStageV(shape: Shape, labels: Labels): Code {
  const { vectors } = shape.config;
  const [value, none] = [vector(shape, 0), vector(shape, 1)];
  const parts = vectorsOf(shape, shape.headDimV);
  const panels = shape.oDims / shape.width;
  return phase(
    'stage V',
    preparePart(shape, shape.headDimV),
    clear(shape, none),
    keysInBlock(shape, 4),
    loop(labels, 'value_row', { register: 'rax', first: 'rax', end: 'r10', step: 1 }, [
      op('mov', 'rsi', 'rax'),
      op('imul', 'rsi', slot('vStride')),
      op('add', 'rsi', slot('v')),
      op('cmp', 'rax', slot('seqKv')),
      op('cmovge', 'rsi', slot('zeros')),
      op('mov', 'rdx', 'rdi'),
      times(panels, (panel) => [
        times(vectors, (v) => {
          const part = parts[panel * vectors + v];
          const to = at('rdx', v * shape.vectorBytes);
          return part === undefined
            ? op('vmovups', to, none)
            : [load(shape, value, 'rsi', part), op('vmovups', to, value)];
        }),
        op('add', 'rdx', 'r9'),
      ]),
      op('add', 'rdi', shape.width * 4),
    ]),
  );
}

/**
 * For the panel of keys from r12 on: r9, bytes of a panel of dims of their block; rdi, where the first key goes in packed V; rax and
 * r10, the first key and the one after the last. Changes r8 and rcx.
 */
export function keysInBlock({ config: { blockKeys }, oDims, width }: Shape, elementBytes: number): Code {
  return [
    // r8: the first key of the block, which is short where it is the last.
    op('mov', 'r8', 'r12'),
    op('and', 'r8', -blockKeys),
    op('mov', 'r9', slot('keysPadded')),
    op('sub', 'r9', 'r8'),
    op('mov', 'rcx', blockKeys),
    minimum('r9', 'rcx'),
    op('imul', 'r9', 'r9', width * elementBytes),
    op('mov', 'rdi', 'r8'),
    op('imul', 'rdi', 'rdi', oDims * elementBytes),
    op('add', 'rdi', slot('packedV')),
    op('mov', 'rax', 'r12'),
    op('sub', 'rax', 'r8'),
    op('imul', 'rax', 'rax', width * elementBytes),
    op('add', 'rdi', 'rax'),
    op('mov', 'rax', 'r12'),
    op('lea', 'r10', at('r12', width)),
  ];
}
