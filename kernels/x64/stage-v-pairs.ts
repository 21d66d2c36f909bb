/** Phase stage V in bf16: pairs of keys, the dims of both side by side, as the products read them; zeros beyond the last dim and key. */

import { slot } from './call.ts';
import { clear, type Shape, vector } from './shape.ts';
import { keysInBlock } from './stage-v.ts';
import { preparePart } from './tail.ts';
import { type Labels, loop, phase } from './text/control.ts';
import { at, type Code, type General, masked, op, times } from './text/instruction.ts';

/** Keys from r12 on, a panel's width of them, to packed V: [key block][dim panel][pair of keys][dim of the panel][key of the pair]. */
export function emitStageVPairs(shape: Shape, labels: Labels): Code {
  const { lanes, width, headDimV } = shape;
  const { vectors } = shape.config;
  const [first, second, none] = [vector(shape, 0), vector(shape, 1), vector(shape, 2)];
  const last = (part: number) => (part + 1) * lanes > headDimV;
  const dims = (target: typeof first, row: General, part: number) => {
    const widen = op('vpmovzxwd', target, at(row, part * lanes * 2));
    return last(part) ? masked('k1', widen) : widen;
  };
  return phase(
    'stage V',
    preparePart(shape, headDimV, lanes),
    clear(shape, none),
    keysInBlock(shape, 2),
    loop(labels, 'value_pair', { register: 'rax', first: 'rax', end: 'r10', step: 2 }, [
      valueRow('rsi', 0),
      valueRow('r11', 1),
      op('mov', 'rdx', 'rdi'),
      times(shape.oDims / width, (panel) => [
        times(vectors, (v) => {
          const part = panel * vectors + v;
          const to = at('rdx', v * shape.vectorBytes);
          return part * lanes >= headDimV
            ? op('vmovups', to, none)
            : [
                dims(first, 'rsi', part),
                dims(second, 'r11', part),
                op('vpslld', second, second, 16),
                op('vpord', first, first, second),
                op('vmovups', to, first),
              ];
        }),
        op('add', 'rdx', 'r9'),
      ]),
      op('add', 'rdi', width * 4),
    ]),
  );
}

/** The row of key rax + i, or that of zeros. Changes rdx. */
const valueRow = (register: General, i: number): Code => [
  op('lea', 'rdx', at('rax', i)),
  op('mov', register, 'rdx'),
  op('imul', register, slot('vStride')),
  op('add', register, slot('v')),
  op('cmp', 'rdx', slot('seqKv')),
  op('cmovge', register, slot('zeros')),
];
