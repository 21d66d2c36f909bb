/** The work of bench model what-if. */

import type { Chip } from '../../model/chip.ts';
import { whatIf } from '../../model/what-if.ts';
import { formatWhatIf } from '../../report/what-if-text.ts';
import { widthOf } from '../terminal/output.ts';

/** Prints AVO's kernel on a chip whose correction group takes so many clocks for 16 columns of a block. */
export function showWhatIf(chip: Chip, correctionClocks: number, format: 'table' | 'json'): void {
  const found = whatIf(chip, { correctionPart: correctionClocks });
  if (format === 'json') process.stdout.write(`${JSON.stringify(found, null, 2)}\n`);
  else process.stdout.write(formatWhatIf(found, widthOf()));
}
