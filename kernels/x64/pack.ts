/** `pack`: panels of K and V of one KV head, from [token][dim] rows to what the products stream through. */

import { slot } from './call.ts';
import type { Shape } from './shape.ts';
import { emitStageK } from './stage-k.ts';
import { createLabels, func, type Labels, loop } from './text/control.ts';
import { type Code, op } from './text/instruction.ts';

/** Panels firstPanel .. endPanel. */
export function emitPack(shape: Shape, stageV: (shape: Shape, labels: Labels) => Code): Code {
  const labels = createLabels('pack');
  return func(
    'pack',
    ['pack: panels firstPanel .. endPanel of K and V of one KV head.'],
    [
      op('mov', 'r15', slot('firstPanel')),
      op('mov', 'rbp', slot('endPanel')),
      loop(labels, 'panel', { register: 'r15', first: 'r15', end: 'rbp', step: 1 }, [
        op('imul', 'r12', 'r15', shape.width),
        op('imul', 'r13', 'r12', shape.steps * 4),
        op('add', 'r13', slot('packedK')),
        emitStageK(shape, labels),
        stageV(shape, labels),
      ]),
    ],
  );
}
