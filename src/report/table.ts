/** A run as a table for the terminal. */

import type { RunDocument } from '../record/measurement.ts';
import { ablationCells } from './ablation-text.ts';
import { citedDevices, citedSources } from './cited-figures.ts';
import { alignColumns } from './columns.ts';
import { toCells, toRows } from './result-rows.ts';

/** How parts of the text are emphasised. */
export interface Marks {
  strong: (text: string) => string;
  faint: (text: string) => string;
}

/** No emphasis, for files and pipes. */
export const PLAIN: Marks = { strong: (text) => text, faint: (text) => text };

/** The table with ratios, ablation, notes, sources and cases without a number below it. */
export function formatTable(run: RunDocument, marks: Marks = PLAIN): string {
  const rows = toRows(run);
  const lines: string[] = [marks.strong(rows.title)];
  if (rows.rows.length > 0) {
    const { header, body } = toCells(rows);
    lines.push('', ...alignColumns([header, ...body]).map((line, i) => (i === 0 ? marks.faint(line) : line)));
  }
  if (rows.ratios.length > 0) lines.push('', ...rows.ratios);
  const techniques = ablationCells(run);
  if (techniques !== null) {
    lines.push('', marks.strong('The techniques of the AVO paper on this machine'), '');
    lines.push(...alignColumns(techniques.cells), '', ...techniques.reasons);
  }
  if (rows.notes.length > 0) lines.push('', ...rows.notes.map(([key, text]) => marks.faint(`${key}  ${text}`)));
  if (rows.libraries.length > 0) lines.push(marks.faint(`Published on ${citedDevices(run)}: ${citedSources(run)}`));
  if (rows.without.length > 0) lines.push('', ...rows.without);
  return `${lines.join('\n')}\n`;
}
