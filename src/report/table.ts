/** The terminal's table of a run. */

import type { RunDocument } from '../record/measurement.ts';
import { ideaCells } from './ablation-text.ts';
import { toCells, toRows } from './rows.ts';

/** How parts of the text are marked; identity functions where there is no colour. */
export interface Marks {
  strong: (text: string) => string;
  faint: (text: string) => string;
}

export const PLAIN: Marks = { strong: (text) => text, faint: (text) => text };

export function formatTable(run: RunDocument, marks: Marks = PLAIN): string {
  const rows = toRows(run);
  const lines: string[] = [marks.strong(rows.title)];
  if (rows.rows.length > 0) {
    const { header, body } = toCells(rows);
    lines.push('', ...alignColumns([header, ...body]).map((line, i) => (i === 0 ? marks.faint(line) : line)));
  }
  if (rows.ratios.length > 0) lines.push('', ...rows.ratios);
  const ideas = ideaCells(run);
  if (ideas !== null) {
    lines.push('', marks.strong('The ideas of the AVO paper on this machine'), '');
    lines.push(...alignColumns(ideas.cells), '', ...ideas.reasons);
  }
  if (rows.notes.length > 0) lines.push('', ...rows.notes.map(([key, text]) => marks.faint(`${key}  ${text}`)));
  if (rows.libraries.length > 0) lines.push(marks.faint(`Published on ${publishedDevices(run)}: ${sources(run)}`));
  if (rows.without.length > 0) lines.push('', ...rows.without);
  return `${lines.join('\n')}\n`;
}

function publishedDevices(run: RunDocument): string {
  return [...new Set(run.comparisons.flatMap(({ published }) => (published === null ? [] : [published.device])))].join(
    ', ',
  );
}

/** The sources of every figure compared with, each once. */
export function sources(run: RunDocument): string {
  return [...new Set(run.comparisons.flatMap(({ published }) => (published === null ? [] : [published.source])))].join(
    '; ',
  );
}

/** Pads every column to its widest cell: the first to the left, numbers to the right. */
export function alignColumns(table: readonly (readonly string[])[]): string[] {
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  const numeric = widths.map((_, column) => table.slice(1).every((row) => /^[~+\d-]/.test(row[column] ?? '')));
  return table.map((row) =>
    row
      .map((cell, column) => (numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
