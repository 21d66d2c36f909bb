/** A measuring command from its options to its output: targets, cases, journal, comparisons, table, chart. */

import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import { allCharts } from '../../chart/all.ts';
import { sentenceOf } from '../../chart/frame.ts';
import { checkChart, writeChart } from '../../chart/render.ts';
import { comparePublished } from '../../compare/comparisons.ts';
import { findingText } from '../../compare/finding.ts';
import { layerSums } from '../../compare/layer-sums.ts';
import type { PublishedSet } from '../../compare/published-figures.ts';
import { sustainedCases } from '../../compare/sustained.ts';
import { ablationGains } from '../../compare/technique-gains.ts';
import { counted, formatEstimate, formatGrouped, formatRate } from '../../format.ts';
import { ceilingsOf } from '../../measure/ceilings.ts';
import { measureRun, type RunEvent } from '../../measure/run.ts';
import {
  browserProcess,
  messageOf,
  moreThreadsThanCores,
  noChart,
  notDrawn,
  runBegins,
  sustainBegins,
  UsageError,
} from '../../messages.ts';
import type { Case } from '../../problem/cases.ts';
import { flops } from '../../problem/flops.ts';
import { describe, type Workload } from '../../problem/workload.ts';
import { checkFolder, checkWritable } from '../../record/files.ts';
import type { Journal } from '../../record/journal.ts';
import { type Context, type RunDocument, SCHEMA_ID } from '../../record/measurement.ts';
import { USUAL_WIDTH } from '../../report/columns.ts';
import { withoutNumber } from '../../report/skipped-text.ts';
import { lookAtLoad } from '../machine-load.ts';
import type { RunOptions } from '../options/run-options.ts';
import { recordRun } from '../record-run.ts';
import { type OpenContenders, openContenders } from '../targets/contenders.ts';
import { stopOnInterrupt } from '../terminal/interrupt.ts';
import { formatDryRun, formatRun, sayLine, widthOf, writeClosing, writeOutput } from '../terminal/output.ts';
import { createProgress, type Progress } from '../terminal/progress.ts';

/** What a command makes of a run in place of its table. */
export interface Presentation {
  text: string;
  /** What the run ends with in place of its finding; null leaves it that. */
  verdict: string | null;
  exitCode: number;
}

/**
 * Measures the cases and returns the exit code. `name` begins the names of the files that the run leaves; `present` makes the
 * output where it is not the run itself.
 */
export async function runCases(
  name: string,
  cases: readonly Case[],
  options: RunOptions,
  named: boolean,
  present?: (run: RunDocument) => Presentation,
): Promise<number> {
  const workloads = cases.map(({ workload }) => workload);
  if (options.chart !== null) await checkChart(options.chart);
  const cores = availableParallelism();
  if (options.dryRun) {
    const width = options.output === null ? widthOf() : USUAL_WIDTH;
    writeOutput(formatDryRun(workloads, options.kernels, cores, options.format, width), options.output);
    return 0;
  }
  for (const path of [options.output, options.chart]) if (path !== null) checkWritable(path);
  checkFolder(options.results);

  const progress = createProgress(options.quiet);
  const stopping = stopOnInterrupt(progress);
  let opened: OpenContenders | undefined;
  try {
    const { load, warning } = await lookAtLoad();
    opened = await openContenders(cases, { ...options, named }, progress.say);
    // Bad input has ended the command by now, with its one line.
    if (warning !== null) progress.say(warning);
    if ((options.threads ?? 0) > cores) progress.say(moreThreadsThanCores(options.threads ?? 0, cores));
    const { budgetSeconds, samples, processes, full, seed, baseline } = options;
    if ((processes ?? 1) > 1 && opened.targets.some(({ host }) => host === 'browser')) progress.say(browserProcess);
    const events = measureRun({
      ...opened,
      ...{ cases, budgetSeconds, samples, processes, full, seed, baseline, signal: stopping.signal },
      sustainSeconds: options.sustainSeconds,
      // A peer needs no ceiling: it is the yardstick itself.
      ceilingsOf: options.kernels.some(({ library }) => library !== undefined) ? async () => [] : ceilingsOf,
    });
    const { context, journal, measurements, ratios } = await recordRun(
      events,
      name,
      options,
      load,
      progress,
      (event, run) => tell(event, run.context, workloads, options, progress),
    );
    const comparisons = comparePublished(measurements, context, options.published);
    const sums = layerSums({ context, measurements });
    const document: RunDocument = {
      ...{ schema: SCHEMA_ID, context, measurements, comparisons, ratios },
      ...(sums.length === 0 ? {} : { layerSums: sums }),
    };
    return await show(document, journal, options, present?.(document));
  } finally {
    await opened?.close();
    stopping.dispose();
  }
}

/** Says what happens, and with --format jsonl puts each measurement on stdout as it comes. */
function tell(
  event: RunEvent,
  context: Context,
  workloads: readonly Workload[],
  options: RunOptions,
  progress: Progress,
): void {
  const lines = options.format === 'jsonl' && options.output === null;
  if (event.kind === 'run-started') {
    if (lines) process.stdout.write(`${JSON.stringify({ schema: SCHEMA_ID, context })}\n`);
    const tflop = workloads.reduce((sum, workload) => sum + flops(workload), 0) / 1e12;
    progress.say(
      runBegins(
        counted(workloads.length, 'workload'),
        counted(event.kernels, 'kernel'),
        formatGrouped(tflop),
        options.full ? null : options.budgetSeconds,
      ),
    );
    if (options.sustainSeconds !== undefined) {
      const runs = event.kernels * workloads.length;
      const total = formatEstimate(runs * options.sustainSeconds);
      progress.say(sustainBegins(event.kernels, options.sustainSeconds, total));
    }
  }
  if (event.kind === 'measured') {
    const { measurement: m } = event;
    if (lines) process.stdout.write(`${JSON.stringify(m)}\n`);
    const what = `${m.kernel}${m.host === 'browser' ? ' (browser)' : ''}, ${describe(m.workload)}`;
    // Why a point has no number is said once, at the end, for all points of the same reason.
    if (m.state === 'measured') progress.say(`${what}: ${formatRate(m.tflops.median)}`);
    else if (m.state === 'failed') progress.say(`${what}: failed`);
  }
}

/** Writes the run as asked for, draws its charts, and names its files last; the exit code. */
async function show(
  run: RunDocument,
  journal: Journal,
  options: RunOptions,
  presentation: Presentation | undefined,
): Promise<number> {
  // Between the lines of the progress and the output.
  if (process.stderr.isTTY && process.stdout.isTTY && !options.quiet) process.stderr.write('\n');
  const written = writeResult(run, options, presentation);
  const whole = journal.problem() === null;
  // Where the record could not be written a chart beside it cannot either, which has been said.
  const charts = await drawCharts(run, whole ? journal : null, options);
  const onStdout = options.format === 'table' && options.output === null;
  // The formats that do not tell why a point has no number leave that to stderr.
  if (!['table', 'markdown'].includes(options.format) || options.output !== null) {
    for (const line of withoutNumber(run)) sayLine(line);
  }
  const files = [['Record', journal.path] as const, ...charts.map((path) => ['Chart', path] as const)];
  writeClosing(presentation?.verdict ?? findingText(run), files, onStdout);
  if (run.context.cancelled) return 130;
  const failed = run.measurements.some(({ state }) => state === 'failed');
  const nothing = !run.measurements.some(({ state }) => state === 'measured');
  if (!written || !whole) return 1;
  return failed || nothing ? 1 : (presentation?.exitCode ?? 0);
}

/** Writes the run as asked for. A file that can no longer be written is said in a line, and then this is false. */
function writeResult(run: RunDocument, options: RunOptions, presentation: Presentation | undefined): boolean {
  const { format, output, wide } = options;
  if (presentation === undefined && format === 'jsonl' && output === null) return true;
  const text = presentation?.text ?? formatRun(run, format, output === null, wide ? 'wide' : 'usual');
  try {
    writeOutput(text, output);
    return true;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    sayLine(error.message);
    return false;
  }
}

/**
 * Draws the SVG beside the journal and the chart that was asked for; their paths. Where there is nothing to draw a line says so.
 * A chart that fails loses no measurement.
 */
async function drawCharts(run: RunDocument, journal: Journal | null, options: RunOptions): Promise<string[]> {
  if (!options.drawChart) return [];
  const drawn: string[] = [];
  const sentences = new Set<string>();
  for (const path of [journal?.path.replace(/\.jsonl$/, '.svg'), options.chart]) {
    if (path == null) continue;
    try {
      const chart = chartFor(run, path, options.published);
      const sentence = sentenceOf(chart);
      if (sentence === null) {
        await writeChart(chart, path);
        drawn.push(path);
      } else sentences.add(sentence);
    } catch (error) {
      sayLine(notDrawn(path, messageOf(error)));
    }
  }
  for (const sentence of sentences) sayLine(noChart(sentence));
  return drawn;
}

/** The chart that a file is named after, such as why.svg; for any other name the techniques of an ablation, else the rate over time, else the figure. */
function chartFor(run: RunDocument, path: string, set: PublishedSet): TopLevelSpec {
  const [name] = basename(path).split('.');
  const own = ablationGains(run).length > 0 ? 'ablation' : sustainedCases(run).length > 0 ? 'sustained' : 'figure';
  const charts = allCharts(run, set, [], null);
  const found = charts.find((chart) => chart.name === name) ?? charts.find((chart) => chart.name === own);
  if (found === undefined) throw new Error(`no chart is called '${own}'`);
  return found.draw('wide');
}
