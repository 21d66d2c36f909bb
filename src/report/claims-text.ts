/** The report's claims as text: a block for each, with what can be said of it here and the command that shows it. */

import { CLAIMS, type Claim } from '../compare/claims.ts';
import { USUAL_WIDTH, wrapText } from './columns.ts';

/** What "the report" means in this project, and what the states of its claims mean. */
export const ABOUT_THE_REPORT = `"The report" is a Chinese securities weekly of 8 April 2026 (China Fortune Securities, computer industry weekly). Its section 1.3 restates NVIDIA's AVO paper (arXiv:2603.24517v1); its other subject in computing is the model Gemma 4. (bench report is something else: it writes a page about your own runs.)

What it claims. Bounds belong to one configuration each, and no figure is derived from them.
- measured: this machine runs the same workload or technique.
- modelled: the model of B200 gives a figure for it.
- quoted: it stands as it was published, and nothing here can check it.`;

/** Columns of the names in a block. */
const NAME = 15;

/** The claims, a block of lines for each. */
export function formatClaims(width: number = USUAL_WIDTH, claims: readonly Claim[] = CLAIMS): string {
  const blocks = claims.map(({ id, printed, text, where, state, here, command, source }) => {
    const rows = [
      ['configuration', where],
      [state, here],
      ['command', command],
      ['source', source],
    ] as const;
    const lines = rows.flatMap(([name, value]) => wrapText(`  ${name.padEnd(NAME)}${value}`, width, NAME + 2));
    return [...wrapText(`${id}: ${printed}`, width, 2), ...wrapText(`  ${text}`, width), ...lines].join('\n');
  });
  return `${blocks.join('\n\n')}\n`;
}
