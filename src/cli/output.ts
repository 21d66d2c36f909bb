/** Writes results in the format asked for, to stdout or to a file. */

import { styleText } from 'node:util';
import type { Kernel } from '../../kernels/kernel.ts';
import { seriesScale } from '../chart/palette.ts';
import { writeInto } from '../record/journal.ts';
import type { RunDocument } from '../record/measurement.ts';
import { formatBytes } from '../messages.ts';
import { plan } from '../measure/plan.ts';
import { formatBars, type Paint } from '../report/bars.ts';
import { formatNumber } from '../report/rows.ts';
import { alignColumns, formatTable, type Marks, PLAIN } from '../report/table.ts';
import { formatCsv, formatJsonLines, formatMarkdown } from '../report/formats.ts';
import { describe, type Workload } from '../problem/workload.ts';
import type { Format } from './options.ts';

/** Colours on a terminal; styleText itself obeys NO_COLOR. */
export function terminalMarks(toStdout: boolean): Marks {
  if (!toStdout || !process.stdout.isTTY) return PLAIN;
  return { strong: (text) => styleText('bold', text), faint: (text) => styleText('dim', text) };
}

/** Series in their colours on a terminal that wants colour. */
function painter(toStdout: boolean): Paint {
  if (!toStdout || !process.stdout.isTTY || process.env['NO_COLOR']) return (text) => text;
  return (text, series) => {
    const [color = '#888888'] = seriesScale([series]).range;
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
    return `\u001b[38;2;${red};${green};${blue}m${text}\u001b[39m`;
  };
}

export function formatRun(run: RunDocument, format: Format, toStdout: boolean): string {
  switch (format) {
    case 'table':
      return formatTable(run, terminalMarks(toStdout));
    case 'chart':
      return formatBars(run, painter(toStdout));
    case 'markdown':
      return formatMarkdown(run);
    case 'csv':
      return formatCsv(run);
    case 'json':
      return `${JSON.stringify(run, null, 2)}\n`;
    case 'jsonl':
      return formatJsonLines(run);
    default:
      return format satisfies never;
  }
}

export function writeOutput(text: string, file: string | null): void {
  if (file === null) process.stdout.write(text);
  else writeInto(file, text);
}

/** Header and lines as an aligned table, with a line break at the end. */
export function formatColumns(header: readonly string[], body: readonly (readonly string[])[]): string {
  return `${alignColumns([header, ...body]).join('\n')}\n`;
}

/** The plan of a run: nothing in it is measured. */
export function formatDryRun(
  workloads: readonly Workload[],
  kernels: readonly Kernel[],
  cores: number,
  format: Format,
): string {
  const points = plan(workloads, kernels, cores);
  if (format === 'json') return `${JSON.stringify(points, null, 2)}\n`;
  if (format === 'jsonl') return points.map((point) => `${JSON.stringify(point)}\n`).join('');
  const body = points.map((point) => [
    point.kernel,
    describe(point.workload),
    formatNumber(point.flops / 1e12),
    formatBytes(point.bytes),
    point.passSeconds === null ? 'not estimated' : `~${formatNumber(point.passSeconds)}`,
  ]);
  const header = ['kernel', 'workload', 'TFLOP', 'q, k, v, o', 'seconds a pass'];
  return `${formatColumns(header, body)}Seconds are for typical speeds; a run measures slices that fit its budget.\n`;
}
