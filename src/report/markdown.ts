/** A run and a report as Markdown, for READMEs and issues. */

import { findingText } from '../compare/finding.ts';
import { layerSums } from '../compare/layer-sums.ts';
import type { RunDocument } from '../record/measurement.ts';
import { ablationCells } from './ablation-text.ts';
import { citedText } from './cited-figures.ts';
import { ABOUT_HEADLINE, ABOUT_SUMS, layerSumCells } from './layer-sums-text.ts';
import { escapeMarkdown, markdownList, markdownTable } from './markdown-table.ts';
import { toCells } from './result-columns.ts';
import { toRows } from './result-rows.ts';
import type { Section } from './sections.ts';
import { ABOUT_SUSTAINED, sustainedLines } from './sustained-text.ts';

/** A run as `--format markdown` prints it: its finding, its table, ratios, notes and cases without a number. */
export function formatMarkdown(run: RunDocument): string {
  const rows = toRows(run);
  const { header, body } = toCells(rows);
  const parts = [`**${escapeMarkdown(findingText(run))}**`, escapeMarkdown(rows.title)];
  if (body.length > 0) parts.push(markdownTable(header, body));
  if (rows.ratios.length > 0) parts.push(markdownList(rows.ratios));
  const lasting = sustainedLines(run);
  if (lasting.length > 0) parts.push(markdownList([...lasting, ABOUT_SUSTAINED]));
  const techniques = ablationCells(run);
  if (techniques !== null) {
    const [first = [], ...others] = techniques.cells;
    parts.push(markdownTable(first, others), markdownList(techniques.reasons));
  }
  const sums = layerSums(run);
  if (sums.length > 0) {
    const [first = [], ...others] = layerSumCells(sums);
    parts.push(markdownTable(first, others), markdownList([ABOUT_SUMS, ABOUT_HEADLINE]));
  }
  if (rows.notes.length > 0)
    parts.push(rows.notes.map(([key, text]) => `${key}: ${escapeMarkdown(text)}`).join('  \n'));
  const cited = citedText(run);
  if (cited !== '') parts.push(`${escapeMarkdown(cited)}.`);
  if (rows.without.length > 0) parts.push(markdownList(rows.without));
  return `${parts.join('\n\n')}\n`;
}

/** A report of one run: what it says, and where its pictures lie. */
export interface MarkdownRun {
  name: string;
  answer: string;
  pictures: readonly { heading: string; file: string }[];
  sections: readonly Section[];
}

/** A report as `bench report --format markdown` writes it: the answer, the pictures, the sections. */
export function reportMarkdown({ name, answer, pictures, sections }: MarkdownRun): string {
  const parts = [`# ${escapeMarkdown(name)}`, `**${escapeMarkdown(answer)}**`];
  for (const { heading, file } of pictures) parts.push(`## ${heading}`, `![${heading}](${encodeURI(file)})`);
  for (const { title, table, lines = [] } of sections) {
    parts.push(`## ${escapeMarkdown(title)}`);
    const [header, ...body] = table ?? [];
    if (header !== undefined) parts.push(markdownTable(header, body));
    if (lines.length > 0) parts.push(markdownList(lines));
  }
  return `${parts.join('\n\n')}\n`;
}
