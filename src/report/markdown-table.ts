/** Text and tables in Markdown, whatever the text holds. */

/** Text that stays text in Markdown: a pipe would end a cell, an angle bracket begin a tag, a line break end a row. */
export function escapeMarkdown(text: string): string {
  return text.replace(/[\\|]/g, '\\$&').replace(/</g, '&lt;').replace(/\r?\n/g, ' ');
}

/** A table, header first. */
export function markdownTable(header: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const escaped = (cells: readonly string[]) => line(cells.map(escapeMarkdown));
  return [escaped(header), line(header.map(() => '---')), ...body.map(escaped)].join('\n');
}

/** A list with one item a line. */
export function markdownList(lines: readonly string[]): string {
  return lines.map((text) => `- ${escapeMarkdown(text)}`).join('\n');
}
