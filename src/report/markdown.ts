/** The report as Markdown, for READMEs and issues: the answer, pictures, tables. */

import { escapeMarkdown } from './formats.ts';
import type { Section } from './sections.ts';

export interface MarkdownRun {
  name: string;
  answer: string;
  pictures: readonly { name: string; file: string }[];
  sections: readonly Section[];
}

export function reportMarkdown({ name, answer, pictures, sections }: MarkdownRun): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  const parts = [`# ${escapeMarkdown(name)}`, `**${escapeMarkdown(answer)}**`];
  parts.push(...pictures.map((picture) => `![${picture.name}](${encodeURI(picture.file)})`));
  for (const { title, table, lines = [] } of sections) {
    parts.push(`## ${escapeMarkdown(title)}`);
    const [header, ...body] = table ?? [];
    if (header !== undefined) parts.push([line(header), line(header.map(() => '---')), ...body.map(line)].join('\n'));
    if (lines.length > 0) parts.push(lines.map((text) => `- ${escapeMarkdown(text)}`).join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}
