/** A pass of the softmax over all scores of a row group, which adds something up in two vectors a row. */

import { panelWidth, type WasmConfiguration } from './configuration.ts';
import { PARTIAL_BYTES } from './scratch.ts';
import { repeat } from './text/control.ts';
import { memory } from './text/vectors.ts';
import { type Code, downwards, i32, type Name, note, type Operand, set } from './text/wat.ts';

/** What differs between the passes. */
export interface RowPass {
  label: Name;
  /** Where the two vectors of the first row go; the other rows' follow. */
  partial: Operand;
  /** Sets the accumulators $t0 and $t1 of a row. */
  before: Code;
  /** A panel's width of scores at $p. */
  step: Code;
}

/**
 * For each row from $scores to $lastRow: `before`, then `step` for $p over $count scores, then $t0 and $t1 to their
 * place. One pointer, neighbouring vectors, and stores at the end: the form that V8's revectoriser packs in pairs.
 */
export function emitRowPass(config: WasmConfiguration, { label, partial, before, step }: RowPass): Code {
  const rowBytes = config.blockKeys * 4;
  const stepBytes = panelWidth(config) * 4;
  return [
    note(`for row in scores .. lastRow step ${rowBytes}`),
    set('$row', '$scores'),
    set('$partial', partial),
    repeat(
      `${label}_rows`,
      '$row',
      '$lastRow',
      before,
      note(`for p in row .. row + 4 * count step ${stepBytes}`),
      set('$p', '$row'),
      set('$end', i32.add('$row', i32.floats('$count'))),
      repeat(label, '$p', '$end', step, set('$p', i32.add('$p', stepBytes))),
      downwards(2, (i) => memory.store('$partial', `$t${i}`, i * 16)),
      set('$row', i32.add('$row', rowBytes)),
      set('$partial', i32.add('$partial', PARTIAL_BYTES)),
    ),
  ];
}
