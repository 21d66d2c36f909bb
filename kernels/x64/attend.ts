/** `attend`: one work tile, the query rows of one block against all keys that they see. */

import { slot } from './call.ts';
import { emitMask } from './mask.ts';
import type { Shape } from './shape.ts';
import { emitSoftCap } from './soft-cap.ts';
import { emitSoftmax } from './softmax.ts';
import { createLabels, func, type Labels, maximum, minimum, phase } from './text/control.ts';
import { at, type Code, op } from './text/instruction.ts';
import { highKey, lowKey } from './visible-keys.ts';

/** The phases in which families differ. */
export type AttendPhases = Record<'loadQ' | 'scores' | 'accumulate' | 'write', (shape: Shape, labels: Labels) => Code>;

/** r15 holds the rows of the tile in whole row groups. */
export function emitAttend(shape: Shape, phases: AttendPhases): Code {
  const { rows, blockKeys } = shape.config;
  const labels = createLabels('attend');
  return func(
    'attend',
    ['attend: one work tile, `rows` query rows from `firstRow` of the sequence.'],
    [
      op('mov', 'r15', slot('rows')),
      op('add', 'r15', rows - 1),
      op('mov', 'rax', 'r15'),
      remainder(rows),
      op('sub', 'r15', 'rdx'),
      phases.loadQ(shape, labels),
      phase(
        'the keys that any row sees, the first rounded down to a block',
        op('mov', 'rax', slot('firstRow')),
        lowKey('rax'),
        op('and', 'rax', -blockKeys),
        op('mov', slot('key'), 'rax'),
        op('mov', 'rax', slot('firstRow')),
        op('add', 'rax', slot('rows')),
        op('sub', 'rax', 1),
        highKey('rax'),
        op('mov', slot('lastKey'), 'rax'),
      ),
      { label: 'attend_block' },
      op('mov', 'rax', slot('key')),
      op('cmp', 'rax', slot('lastKey')),
      { jump: 'jge', to: 'attend_write' },
      op('mov', 'rcx', slot('keysPadded')),
      op('sub', 'rcx', 'rax'),
      op('mov', 'rdx', blockKeys),
      minimum('rcx', 'rdx'),
      op('mov', slot('blockLength'), 'rcx'),
      op('mov', 'rax', slot('scratch')),
      op('add', 'rax', shape.private.maxima),
      op('mov', slot('maxima'), 'rax'),
      op('xor', 'rax', 'rax'),
      op('mov', slot('row'), 'rax'),
      { label: 'attend_group' },
      phase(
        `the keys that these ${rows} rows see of the block, in whole panels`,
        op('mov', 'rax', slot('firstRow')),
        op('add', 'rax', slot('row')),
        op('lea', 'rcx', at('rax', rows - 1)),
        lowKey('rax'),
        op('and', 'rax', -shape.width),
        maximum('rax', slot('key')),
        op('mov', slot('low'), 'rax'),
        highKey('rcx'),
        op('add', 'rcx', shape.width - 1),
        op('and', 'rcx', -shape.width),
        op('mov', 'rdx', slot('key')),
        op('add', 'rdx', slot('blockLength')),
        minimum('rcx', 'rdx'),
        op('mov', slot('high'), 'rcx'),
        op('cmp', 'rax', 'rcx'),
        { jump: 'jge', to: 'attend_next' },
      ),
      phases.scores(shape, labels),
      shape.scores.softcap == null ? [] : emitSoftCap(shape, labels),
      emitMask(shape, labels),
      emitSoftmax(shape, labels),
      phases.accumulate(shape, labels),
      { label: 'attend_next' },
      op('mov', 'rax', slot('maxima')),
      op('add', 'rax', shape.rowVectors * shape.vectorBytes),
      op('mov', slot('maxima'), 'rax'),
      op('mov', 'rax', slot('row')),
      op('add', 'rax', rows),
      op('mov', slot('row'), 'rax'),
      op('cmp', 'rax', 'r15'),
      { jump: 'jl', to: 'attend_group' },
      op('mov', 'rax', slot('key')),
      op('add', 'rax', blockKeys),
      op('mov', slot('key'), 'rax'),
      { jump: 'jmp', to: 'attend_block' },
      { label: 'attend_write' },
      phases.write(shape, labels),
    ],
  );
}

/** rdx = rax mod divisor. */
const remainder = (divisor: number): Code => [op('xor', 'rdx', 'rdx'), op('mov', 'rcx', divisor), op('div', 'rcx')];
