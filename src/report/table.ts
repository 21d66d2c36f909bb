/** A run as a table for the terminal, as wide as the terminal is. */

import { layerSums } from '../compare/layer-sums.ts';
import { omittedColumns } from '../messages.ts';
import type { RunDocument } from '../record/measurement.ts';
import { ablationCells } from './ablation-text.ts';
import { citedText } from './cited-figures.ts';
import { alignColumns, formatColumns, tableWidth, USUAL_WIDTH, wrapText } from './columns.ts';
import { ABOUT_HEADLINE, ABOUT_SUMS, layerSumCells } from './layer-sums-text.ts';
import { type Column, resultColumns, type TableKind } from './result-columns.ts';
import { toRows } from './result-rows.ts';
import { ABOUT_SUSTAINED, sustainedLines } from './sustained-text.ts';

/** How parts of the text are emphasised. */
export interface Marks {
  strong: (text: string) => string;
  faint: (text: string) => string;
}

/** No emphasis, for files and pipes. */
export const PLAIN: Marks = { strong: (text) => text, faint: (text) => text };

/** How a table is set: the columns of text that it has, and the columns of the run that it shows. */
export interface TableLayout {
  width: number;
  kind: TableKind;
}

/**
 * The table with ratios, ablation, notes, sources and cases without a number below it. No line is wider than the layout's
 * width: columns are left out by their rank, and the line below says which. The wide table has all, however wide it gets.
 */
export function formatTable(
  run: RunDocument,
  marks: Marks = PLAIN,
  { width, kind }: TableLayout = { width: USUAL_WIDTH, kind: 'usual' },
): string {
  const rows = toRows(run);
  const prose = (text: string, indent = 0) => wrapText(text, width, indent);
  const strong = (text: string) => prose(text).map(marks.strong);
  const faint = (text: string, indent = 0) => prose(text, indent).map(marks.faint);
  const blocks: string[][] = [strong(rows.title)];
  if (rows.rows.length > 0) {
    const all = resultColumns(rows, kind);
    const columns = kind === 'wide' ? all : fitColumns(all, width);
    const headLines = Math.max(...columns.map(({ head }) => head.length));
    const omitted = all.filter(({ head }) => !columns.some((column) => column.head === head));
    blocks.push(alignColumns(cellsOf(columns), headLines).map((line, i) => (i < headLines ? marks.faint(line) : line)));
    if (omitted.length > 0) blocks.push(faint(omittedColumns(omitted.map(({ head }) => head.join(' ')))));
  }
  if (rows.ratios.length > 0) blocks.push(rows.ratios.flatMap((line) => prose(line, 2)));
  const lasting = sustainedLines(run);
  if (lasting.length > 0) blocks.push([...lasting.flatMap((line) => prose(line, 2)), ...faint(ABOUT_SUSTAINED)]);
  const techniques = ablationCells(run);
  if (techniques !== null) {
    const [head = [], ...body] = techniques.cells;
    blocks.push(strong('The techniques of the AVO paper on this machine'));
    blocks.push(
      formatColumns(head, body, width).trimEnd().split('\n'),
      techniques.reasons.flatMap((line) => prose(line)),
    );
  }
  const sums = layerSums(run);
  if (sums.length > 0) {
    const [head = [], ...body] = layerSumCells(sums);
    blocks.push(strong('The attention of whole models here'));
    blocks.push([
      ...formatColumns(head, body, width).trimEnd().split('\n'),
      ...prose(ABOUT_SUMS),
      ...prose(ABOUT_HEADLINE),
    ]);
  }
  blocks.push([
    ...rows.notes.flatMap(([key, text]) => faint(`${key}  ${text}`, key.length + 2)),
    ...faint(citedText(run)),
  ]);
  blocks.push(rows.without.flatMap((line) => prose(line, 2)));
  const text = blocks.filter((lines) => lines.some((line) => line !== '')).map((lines) => lines.join('\n'));
  return `${text.join('\n\n')}\n`;
}

/** Heads and cells as rows; short heads begin lower, beside the last lines of the others. */
function cellsOf(columns: readonly Column[]): string[][] {
  const headLines = Math.max(...columns.map(({ head }) => head.length));
  const heads = Array.from({ length: headLines }, (_, line) =>
    columns.map(({ head }) => head[line - (headLines - head.length)] ?? ''),
  );
  const rows = columns[0]?.cells.map((_, row) => columns.map(({ cells }) => cells[row] ?? '')) ?? [];
  return [...heads, ...rows];
}

/** Columns of this rank and above go before any cell gets short. */
const BEFORE_SHORT = 5;

/**
 * The columns that fit: those of the highest rank go first, of equal rank the last; then cells get short, then further
 * columns go, and at last the names are cut. Narrow ones that went before a wide one come back where they still fit.
 */
function fitColumns(all: readonly Column[], width: number): Column[] {
  const fits = (columns: readonly Column[]) => tableWidth(cellsOf(columns)) <= width;
  const dropUntil = (columns: readonly Column[], least: number): Column[] => {
    const left = [...columns];
    for (let rank = 9; rank >= least && !fits(left); ) {
      const last = left.findLastIndex((column) => column.rank === rank);
      if (last < 0) rank -= 1;
      else left.splice(last, 1);
    }
    return left;
  };
  const fill = (columns: readonly Column[], from: readonly Column[]): Column[] => {
    let filled = [...columns];
    for (const column of from.toSorted((a, b) => a.rank - b.rank)) {
      const wider = from.filter((other) => other === column || filled.includes(other));
      if (fits(wider)) filled = wider;
    }
    return filled;
  };
  const long = dropUntil(all, BEFORE_SHORT);
  if (fits(long)) return fill(long, all);
  const short = dropUntil(
    long.map((column) => (column.short === undefined ? column : { ...column, cells: column.short })),
    1,
  );
  const [names, ...others] = short;
  if (names === undefined || fits(short)) return short;
  const room = Math.max(1, width - tableWidth(cellsOf(others)) - 2);
  const cut = (text: string) => (text.length > room ? `${text.slice(0, room - 1)}…` : text);
  return [{ ...names, cells: names.cells.map(cut) }, ...others];
}
