/** Tables and prose of text that fit a number of columns. */

import stringWidth from 'string-width';
import wrapAnsi from 'wrap-ansi';

/** Columns of a table or a text where stdout is no terminal. */
export const USUAL_WIDTH = 100;

const GAP = '  ';

/** Pads every column to its widest cell: text to the left, numbers to the right. The first `headLines` rows are heads. */
export function alignColumns(table: readonly (readonly string[])[], headLines = 1): string[] {
  const widths = widthsOf(table);
  const numeric = widths.map((_, column) => table.slice(headLines).every((row) => isNumber(row[column] ?? '')));
  return table.map((row) =>
    row
      .map((cell, column) => {
        const padding = ' '.repeat((widths[column] ?? 0) - stringWidth(cell));
        return numeric[column] ? padding + cell : cell + padding;
      })
      .join(GAP)
      .trimEnd(),
  );
}

/** Whether a cell is a number, with its unit and what stands in brackets behind it; an empty one may be. */
const isNumber = (cell: string) => /^([~+\d-]|$)/.test(cell) && !cell.replace(/ [[(].*$/, '').includes(', ');

const widthsOf = (table: readonly (readonly string[])[]) =>
  (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => stringWidth(row[column] ?? ''))));

/** The columns that a table takes up. */
export const tableWidth = (table: readonly (readonly string[])[]) =>
  widthsOf(table).reduce((sum, width) => sum + width + GAP.length, -GAP.length);

/** No column of text becomes narrower than this. */
const NARROWEST = 12;

const longestWord = (text: string) =>
  text.split(' ').reduce((longest, word) => (stringWidth(word) > stringWidth(longest) ? word : longest), '');

/**
 * Header and lines as an aligned table of at most `width` columns, with a line break at the end. Where it would be wider,
 * the text in its widest columns is broken into several lines, between words as far as that goes.
 */
export function formatColumns(
  header: readonly string[],
  body: readonly (readonly string[])[],
  width = USUAL_WIDTH,
): string {
  const table = [header, ...body];
  const widths = widthsOf(table);
  const words = widthsOf(table.map((row) => row.map(longestWord)));
  let excess = tableWidth(table) - width;
  // Words are cut only where no column can be broken between them any more.
  for (const floors of [words.map((word) => Math.max(NARROWEST, word)), words.map(() => NARROWEST)]) {
    for (; excess > 0; excess -= 1) {
      const open = widths.map((columns, column) => (columns > (floors[column] ?? 0) ? columns : 0));
      const most = Math.max(...open);
      if (most === 0) break;
      widths[open.indexOf(most)] = most - 1;
    }
  }
  const [heads = [], ...rows] = table.map((row) => {
    const cells = row.map((cell, column) => wrapText(cell, widths[column] ?? width));
    const lines = Math.max(...cells.map(({ length }) => length));
    return Array.from({ length: lines }, (_, line) => cells.map((parts) => parts[line] ?? ''));
  });
  return `${alignColumns([...heads, ...rows.flat()], heads.length).join('\n')}\n`;
}

/** The lines of a text, none wider than `width`; words that are wider are cut. All but the first are indented by `indent`. */
export function wrapText(text: string, width: number, indent = 0): string[] {
  const lead = text.length - text.trimStart().length;
  const further = Math.max(lead, indent);
  // A number and its unit stay on one line.
  const joined = text.trim().replaceAll(/(?<=\d) (?=%|[TGMk]FLOPS)/g, '\u00a0');
  const linesOf = (part: string, indent: number) =>
    wrapAnsi(part, Math.max(1, width - indent), { hard: true })
      .split('\n')
      .map((line) => ' '.repeat(indent) + line);
  const [first = ''] = linesOf(joined, lead);
  const rest = joined.slice(first.length - lead).trimStart();
  return [first, ...(rest === '' ? [] : linesOf(rest, further))].map((line) => line.replaceAll('\u00a0', ' '));
}

/**
 * A text of which no line is wider than `width`. A longer line is broken at spaces; its further parts begin where its text
 * does, behind the dash of a list or behind a name in a column of its own.
 */
export function fitText(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((line) => {
      if (stringWidth(line) <= width) return [line];
      const before = /^ *(?:- |\S+ {2,})?/.exec(line)?.[0].length ?? 0;
      return wrapText(line, width, Math.min(before, width / 2));
    })
    .join('\n');
}
