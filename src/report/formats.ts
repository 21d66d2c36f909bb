/** A run as Markdown, as CSV and as JSON Lines. */

import { seriesOf } from '../compare/published-figures.ts';
import type { RunDocument } from '../record/measurement.ts';
import { tflopsOf } from '../record/rate.ts';
import { ablationCells } from './ablation-text.ts';
import { toCells, toRows } from './result-rows.ts';
import { sources } from './table.ts';

/** A pipe would end a cell, an angle bracket begin a tag. */
export const escapeMarkdown = (text: string) =>
  text.replace(/[\\|]/g, '\\$&').replace(/</g, '&lt;').replace(/\r?\n/g, ' ');

export function formatMarkdown(run: RunDocument): string {
  const rows = toRows(run);
  const { header, body } = toCells(rows);
  const line = (cells: readonly string[]) => `| ${cells.map(escapeMarkdown).join(' | ')} |`;
  const parts = [`**${escapeMarkdown(rows.title)}**`];
  if (body.length > 0) parts.push([line(header), line(header.map(() => '---')), ...body.map(line)].join('\n'));
  if (rows.ratios.length > 0) parts.push(rows.ratios.map((text) => `- ${escapeMarkdown(text)}`).join('\n'));
  const techniques = ablationCells(run);
  if (techniques !== null) {
    const [first = [], ...others] = techniques.cells;
    parts.push([line(first), line(first.map(() => '---')), ...others.map(line)].join('\n'));
    parts.push(techniques.reasons.map((text) => `- ${escapeMarkdown(text)}`).join('\n'));
  }
  if (rows.notes.length > 0)
    parts.push(rows.notes.map(([key, text]) => `${key}: ${escapeMarkdown(text)}`).join('  \n'));
  if (rows.libraries.length > 0) parts.push(`Published figures: ${escapeMarkdown(sources(run))}.`);
  if (rows.without.length > 0) parts.push(rows.without.map((text) => `- ${escapeMarkdown(text)}`).join('\n'));
  return `${parts.join('\n\n')}\n`;
}

/** RFC 4180: quoted where a cell holds a quote, comma or line break. */
const csvCell = (value: string | number | null) => {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** One line a point with every input and number; points without one keep their line, with the reason. */
export function formatCsv(run: RunDocument): string {
  const libraries = [
    ...new Set(run.comparisons.flatMap(({ published }) => (published === null ? [] : [seriesOf(published)]))),
  ];
  const header = [
    ...['state', 'kernel', 'backend', 'host', 'device', 'variant', 'threads', 'batch', 'query_heads', 'kv_heads'],
    ...['head_dim', 'seq_query', 'seq_kv', 'mask', 'window', 'dtype', 'tflops', 'tflops_low', 'tflops_high', 'samples'],
    ...['tflops_min', 'tflops_max', 'pass_seconds', 'coverage', 'clock', 'max_relative_error', 'reason'],
    ...libraries.flatMap((library) => [`slower_than_${library}`, `slower_than_${library}_error`]),
  ];
  const lines = run.measurements.map((m, index) => {
    const w = m.workload;
    const device = m.device === null ? '' : (run.context.devices[m.device]?.name ?? '');
    const point = [
      m.state,
      m.kernel,
      m.backend,
      m.host,
      device,
      m.variant,
      m.threads,
      w.batch,
      w.queryHeads,
      w.kvHeads,
    ];
    const shape = [w.headDim, w.seqQuery, w.seqKv, w.mask, w.window, w.dtype];
    if (m.state !== 'measured') {
      const reason = m.state === 'skipped' ? m.reason : m.message;
      return [...point, ...shape, ...Array<null>(10).fill(null), reason, ...libraries.flatMap(() => [null, null])];
    }
    const rates = m.samples.map(tflopsOf);
    return [
      ...[...point, ...shape, m.tflops.median, m.tflops.low ?? null, m.tflops.high ?? null, m.samples.length],
      ...[Math.min(...rates), Math.max(...rates), m.passSeconds, m.coverage, m.samples[0]?.clock ?? null],
      ...[m.verification.maxRelativeError, null],
      ...libraries.flatMap((library) => {
        const match = run.comparisons.find(
          (c) => c.measurement === index && c.published !== null && seriesOf(c.published) === library,
        );
        return [match?.ratio ?? null, match?.ratioError ?? null];
      }),
    ];
  });
  return [header, ...lines].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

/** The journal's lines: the context, then one measurement a line. */
export function formatJsonLines(run: RunDocument): string {
  return [{ schema: run.schema, context: run.context }, ...run.measurements]
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');
}
