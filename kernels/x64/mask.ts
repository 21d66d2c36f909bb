/** Phase mask: scores of keys that a row does not see become so low that they weigh exactly nothing. */

import { slot } from './call.ts';
import { MASKED } from './exp2-constants.ts';
import type { Shape } from './shape.ts';
import { floatBits, type Labels, loop, maximum, minimum, phase, zero } from './text/control.ts';
import { at, atIndex, type Code, note, op } from './text/instruction.ts';
import { highKey, lowKey } from './visible-keys.ts';

/** Of the scores of each row of the group, those before and after what the row sees are overwritten; nothing where all rows see all keys. */
export function emitMask(shape: Shape, labels: Labels): Code {
  const { rows } = shape.config;
  const seen = labels('all_seen');
  return phase(
    'mask: s = -2^126 where the row does not see the key',
    note('r8: the first row; its last key, and the first key of the last row'),
    op('mov', 'r8', slot('firstRow')),
    op('add', 'r8', slot('row')),
    op('mov', 'rax', 'r8'),
    highKey('rax'),
    op('lea', 'rcx', at('r8', rows - 1)),
    lowKey('rcx'),
    op('cmp', 'rax', slot('high')),
    { jump: 'jl', to: `${seen}_not` },
    op('cmp', 'rcx', slot('low')),
    { jump: 'jle', to: seen },
    { label: `${seen}_not` },
    op('mov', 'rdi', slot('scratch')),
    op('add', 'rdi', shape.private.scores),
    op('mov', 'r10', slot('high')),
    op('sub', 'r10', slot('low')),
    op('mov', 'ecx', floatBits(MASKED)),
    op('lea', 'r9', at('r8', rows)),
    loop(labels, 'masked_row', { register: 'r8', first: 'r8', end: 'r9', step: 1 }, [
      note('r11 .. rax: the scores that are seen'),
      op('mov', 'r11', 'r8'),
      lowKey('r11'),
      within('r11'),
      op('mov', 'rax', 'r8'),
      highKey('rax'),
      within('rax'),
      maximum('rax', 'r11'),
      zero('rdx'),
      loop(labels, 'before', { register: 'rdx', first: 'rdx', end: 'r11', step: 1 }, [
        op('mov', atIndex('rdi', 'rdx', 4), 'ecx'),
      ]),
      loop(labels, 'after', { register: 'rax', first: 'rax', end: 'r10', step: 1 }, [
        op('mov', atIndex('rdi', 'rax', 4), 'ecx'),
      ]),
      op('add', 'rdi', shape.scoreBytes),
    ]),
    { label: seen },
  );
}

/** A key to how many scores come before it, of those in memory; changes rdx. */
const within = (key: 'r11' | 'rax'): Code => [
  op('sub', key, slot('low')),
  zero('rdx'),
  maximum(key, 'rdx'),
  minimum(key, 'r10'),
];
