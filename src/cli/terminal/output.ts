/** Writes results in the format asked for, to stdout or to a file. */

import type { Kernel } from '../../../kernels/kernel.ts';
import { seriesScale } from '../../chart/palette.ts';
import { formatBytes, formatDuration, formatGrouped } from '../../format.ts';
import { plan } from '../../measure/plan.ts';
import { dryRunTimes, withoutSteering } from '../../messages.ts';
import { describe, type Workload } from '../../problem/workload.ts';
import { writeInto } from '../../record/files.ts';
import type { RunDocument } from '../../record/measurement.ts';
import { formatBars, type Paint } from '../../report/bars.ts';
import { fitText, formatColumns, USUAL_WIDTH, wrapText } from '../../report/columns.ts';
import { formatCsv, formatJsonLines } from '../../report/formats.ts';
import { formatMarkdown } from '../../report/markdown.ts';
import type { TableKind } from '../../report/result-columns.ts';
import { formatTable, type Marks, PLAIN } from '../../report/table.ts';
import type { Format } from '../options/names.ts';
import { marksFor, wantsColour } from './colour.ts';

/** How a table on stdout is marked; one for a file is not. */
export function terminalMarks(toStdout: boolean): Marks {
  return toStdout ? marksFor(process.stdout) : PLAIN;
}

/** Series in their colours, where stdout gets colours. */
function painter(toStdout: boolean): Paint {
  if (!toStdout || !wantsColour(process.stdout)) return (text) => text;
  return (text, series) => {
    const [color = '#888888'] = seriesScale([series]).range;
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
    return `\u001b[38;2;${red};${green};${blue}m${text}\u001b[39m`;
  };
}

/** The columns of a stream's terminal, or the usual ones where it is none. */
export function widthOf(stream: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> = process.stdout): number {
  return stream.isTTY && stream.columns > 0 ? stream.columns : USUAL_WIDTH;
}

/** A line for people on stderr, broken to the terminal's width; one line where stderr is no terminal. It may name files of any name. */
export function sayLine(text: string): void {
  const { stderr } = process;
  const line = text.split('\n').map(withoutSteering).join('\n');
  stderr.write(`${stderr.isTTY ? fitText(line, widthOf(stderr)) : line}\n`);
}

/** A file that was written, on a line of its own that scripts can read. */
export function sayFile(what: string, path: string): void {
  process.stderr.write(`${what} ${withoutSteering(path)}\n`);
}

/** Text for people on stdout: no line is wider than the terminal. */
export function printText(text: string): void {
  process.stdout.write(fitText(text, widthOf()));
}

/** A run in a format; colours and bold only where it goes to a terminal, whose width a table keeps unless it is the wide one. */
export function formatRun(run: RunDocument, format: Format, toStdout: boolean, kind: TableKind): string {
  switch (format) {
    case 'table':
      return formatTable(run, terminalMarks(toStdout), { width: toStdout ? widthOf() : USUAL_WIDTH, kind });
    case 'chart':
      return formatBars(run, painter(toStdout), toStdout ? widthOf() : USUAL_WIDTH);
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

/**
 * What every run ends with, under a rule: its finding, if it has one to tell, then its files, one a line. The finding goes to
 * stdout below the table, else to stderr as the files do, so that stdout stays what was asked for.
 */
export function writeClosing(
  finding: string | null,
  files: readonly (readonly [what: string, path: string])[],
  onStdout: boolean,
): void {
  const stream = onStdout ? process.stdout : process.stderr;
  const width = Math.min(widthOf(stream), USUAL_WIDTH);
  const marks = marksFor(stream);
  const lines = finding === null ? [] : wrapText(finding, width).map(marks.strong);
  stream.write(`\n${[marks.faint('─'.repeat(width)), ...lines].join('\n')}\n`);
  const names = Math.max(...files.map(([what]) => what.length + 1));
  for (const [what, path] of files) sayFile(`${what}:`.padEnd(names), path);
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
  width: number,
): string {
  const cases = plan(workloads, kernels, cores);
  if (format === 'json') return `${JSON.stringify(cases, null, 2)}\n`;
  if (format === 'jsonl') return cases.map((planned) => `${JSON.stringify(planned)}\n`).join('');
  const body = cases.map((planned) => [
    planned.kernel,
    describe(planned.workload),
    formatGrouped(planned.flops / 1e12),
    formatBytes(planned.bytes),
    planned.passSeconds === null ? 'not estimated' : `~${formatDuration(planned.passSeconds)}`,
  ]);
  const header = ['kernel', 'workload', 'TFLOP', 'q, k, v, o', 'time per pass'];
  return fitText(`${formatColumns(header, body, width)}${dryRunTimes}\n`, width);
}
