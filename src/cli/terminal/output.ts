/** Writes results in the format asked for, to stdout or to a file. */

import { styleText } from 'node:util';
import type { Kernel } from '../../../kernels/kernel.ts';
import { seriesScale } from '../../chart/palette.ts';
import { formatBytes, formatNumber } from '../../format.ts';
import { plan } from '../../measure/plan.ts';
import { describe, type Workload } from '../../problem/workload.ts';
import { writeInto } from '../../record/files.ts';
import type { RunDocument } from '../../record/measurement.ts';
import { formatBars, type Paint } from '../../report/bars.ts';
import { formatColumns } from '../../report/columns.ts';
import { formatCsv, formatJsonLines } from '../../report/formats.ts';
import { formatMarkdown } from '../../report/markdown.ts';
import { formatTable, type Marks, PLAIN } from '../../report/table.ts';
import type { Format } from '../options/names.ts';

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

/** A run in a format; colours and bold only where it goes to a terminal. */
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

/** Writes to a file, making the folders on its way, or to stdout. */
export function writeOutput(text: string, file: string | null): void {
  if (file === null) process.stdout.write(text);
  else writeInto(file, text);
}

/** The plan of a run: nothing in it is measured. */
export function formatDryRun(
  workloads: readonly Workload[],
  kernels: readonly Kernel[],
  cores: number,
  format: Format,
): string {
  const cases = plan(workloads, kernels, cores);
  if (format === 'json') return `${JSON.stringify(cases, null, 2)}\n`;
  if (format === 'jsonl') return cases.map((planned) => `${JSON.stringify(planned)}\n`).join('');
  const body = cases.map((planned) => [
    planned.kernel,
    describe(planned.workload),
    formatNumber(planned.flops / 1e12),
    formatBytes(planned.bytes),
    planned.passSeconds === null ? 'not estimated' : `~${formatNumber(planned.passSeconds)}`,
  ]);
  const header = ['kernel', 'workload', 'TFLOP', 'q, k, v, o', 'seconds a pass'];
  return `${formatColumns(header, body)}Seconds are for typical speeds; a run measures slices that fit its budget.\n`;
}
