/** Tables of text in aligned columns. */

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

/** Header and lines as an aligned table, with a line break at the end. */
export function formatColumns(header: readonly string[], body: readonly (readonly string[])[]): string {
  return `${alignColumns([header, ...body]).join('\n')}\n`;
}
