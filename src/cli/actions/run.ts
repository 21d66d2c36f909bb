/** A measuring command from its options to its output: places, points, journal, comparisons, table, chart. */

import { availableParallelism } from 'node:os';
import { ablationChart } from '../../chart/ablation-gains.ts';
import { figureChart } from '../../chart/figure.ts';
import { chartExtension, writeChart } from '../../chart/render.ts';
import { comparePublished } from '../../compare/comparisons.ts';
import { ablationGains } from '../../compare/technique-gains.ts';
import { formatNumber, formatRate } from '../../format.ts';
import { createHostPool } from '../../host/pool.ts';
import { measureCase } from '../../measure/case.ts';
import { budgetShare } from '../../measure/plan.ts';
import { interrupted, messageOf } from '../../messages.ts';
import type { Case } from '../../problem/cases.ts';
import { flops } from '../../problem/flops.ts';
import { describe } from '../../problem/workload.ts';
import { newContext, timeStamp } from '../../record/context.ts';
import { checkFolder, checkWritable } from '../../record/files.ts';
import { createJournal, type Journal } from '../../record/journal.ts';
import { type Measurement, type Ratio, type RunDocument, SCHEMA_ID } from '../../record/measurement.ts';
import { stopOnInterrupt } from '../interrupt.ts';
import type { RunOptions } from '../options.ts';
import { formatDryRun, formatRun, writeOutput } from '../output.ts';
import { createProgress, type Progress } from '../progress.ts';
import { recordOf } from '../run-context.ts';
import { type OpenTargets, openTargets } from '../targets.ts';

/** What a command makes of a run in place of its table. */
export interface Presentation {
  text: string;
  exitCode: number;
}

/**
 * Runs the points and returns the exit code. `name` begins the names of the files that the run leaves; `present` makes the
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
  if (options.dryRun) {
    writeOutput(formatDryRun(workloads, options.kernels, availableParallelism(), options.format), options.output);
    return 0;
  }
  if (options.chart !== null) chartExtension(options.chart);
  for (const path of [options.output, options.chart]) if (path !== null) checkWritable(path);
  checkFolder(options.results);

  const progress = createProgress(options.quiet);
  // A peer needs no ceiling: it is the yardstick itself.
  const ceilings = options.kernels.every(({ backend }) => backend !== 'peers');
  const targets: TargetsByThreads = new Map();
  const stopping = stopOnInterrupt(progress);
  try {
    for (const { threads } of cases) {
      if (targets.has(threads)) continue;
      const request = { ...options, threads: threads ?? options.threads, named, ceilings };
      targets.set(threads, await openTargets(request, [...targets.values()].flatMap(({ devices }) => devices).length));
    }
    const run = await measureCases(name, cases, targets, options, progress, stopping);
    return await show(run.document, run.journal, options, present?.(run.document));
  } finally {
    await Promise.all([...targets.values()].map(({ close }) => close()));
    stopping.dispose();
  }
}

/** Places by the threads that a point asks for; null for those of the options. */
type TargetsByThreads = Map<number | null, OpenTargets>;

/** Measures the points one after the other, each on disk before it is told. */
async function measureCases(
  name: string,
  cases: readonly Case[],
  targets: TargetsByThreads,
  options: RunOptions,
  progress: Progress,
  stopping: { readonly aborted: boolean },
): Promise<{ document: RunDocument; journal: Journal }> {
  const devices = [...targets.values()].flatMap((open) => open.devices);
  for (const notice of new Set([...targets.values()].flatMap(({ notices }) => notices))) progress.say(notice);
  const context = newContext(recordOf(options, devices));
  const journal = createJournal(options.results, `${name}-${timeStamp(context.startedAt)}`, context);
  const measurements: Measurement[] = [];
  const ratios: Ratio[] = [];
  if (options.format === 'jsonl' && options.output === null) {
    process.stdout.write(`${JSON.stringify({ schema: SCHEMA_ID, context })}\n`);
  }

  const kernelCount = (targets.get(cases[0]?.threads ?? null)?.contenders ?? []).filter(
    ({ ceiling }) => !ceiling,
  ).length;
  const work = cases.reduce((sum, { workload }) => sum + flops(workload), 0) / 1e12;
  progress.say(
    `${cases.length} workloads x ${kernelCount} kernels, ${formatNumber(work)} TFLOP for each kernel; measuring ${options.full ? 'all of it' : `slices of it for up to ${options.budgetSeconds} s`}.`,
  );
  const pool = createHostPool();
  let spent = 0;
  try {
    for (const [index, { workload, threads }] of cases.entries()) {
      if (stopping.aborted) break;
      const budgetSeconds = Math.max(0, options.budgetSeconds - spent) * budgetShare(cases, index);
      const result = await measureCase(workload, targets.get(threads)?.contenders ?? [], pool, {
        data: { kind: 'normal', seed: options.seed },
        seed: options.seed,
        full: options.full,
        budgetSeconds,
        samples: options.samples,
        baseline: options.baseline,
        signal: stopping,
        onProgress: (message, share) =>
          progress.update((index + share) / cases.length, `${describe(workload)}: ${message}`),
      });
      spent += result.spentSeconds;
      for (const measurement of result.measurements) record(measurement, journal, options, progress);
      measurements.push(...result.measurements);
      ratios.push(...result.ratios);
    }
  } finally {
    await pool.close();
    progress.stop();
  }
  if (stopping.aborted) {
    context.cancelled = true;
    journal.cancel();
    progress.say(interrupted);
  }
  const comparisons = comparePublished(measurements, context, options.published);
  return { document: { schema: SCHEMA_ID, context, measurements, comparisons, ratios }, journal };
}

/** Writes the run as asked for, draws its charts, and names its files last; the exit code. */
async function show(
  run: RunDocument,
  journal: Journal,
  options: RunOptions,
  presentation: Presentation | undefined,
): Promise<number> {
  if (presentation !== undefined) writeOutput(presentation.text, options.output);
  else if (options.format !== 'jsonl' || options.output !== null) {
    writeOutput(formatRun(run, options.format, options.output === null), options.output);
  }
  const charts = await drawCharts(run, journal, options);
  process.stderr.write(`Record: ${journal.path}${charts.map((path) => `  Chart: ${path}`).join('')}\n`);
  if (run.context.cancelled) return 130;
  const failed = run.measurements.some(({ state }) => state === 'failed');
  const nothing = !run.measurements.some(({ state }) => state === 'measured');
  return failed || nothing ? 1 : (presentation?.exitCode ?? 0);
}

/** Puts a finished point on disk, then says so. */
function record(m: Measurement, journal: Journal, options: RunOptions, progress: Progress): void {
  journal.append(m);
  if (options.format === 'jsonl' && options.output === null) process.stdout.write(`${JSON.stringify(m)}\n`);
  const what = `${m.kernel}${m.host === 'browser' ? ' (browser)' : ''}, ${describe(m.workload)}`;
  if (m.state === 'measured') progress.say(`${what}: ${formatRate(m.tflops.median)}`);
  else progress.say(`${what}: ${m.state}, ${m.state === 'skipped' ? m.reason : m.message}`);
}

/** Draws the SVG beside the journal and the chart that was asked for; their paths. A chart that fails loses no measurement. */
async function drawCharts(run: RunDocument, journal: Journal, options: RunOptions): Promise<string[]> {
  if (!options.drawChart) return [];
  const drawn: string[] = [];
  for (const path of [journal.path.replace(/\.jsonl$/, '.svg'), options.chart]) {
    if (path === null) continue;
    try {
      // A run of ablations is about the ideas, any other about the figure.
      const chart = ablationGains(run).length > 0 ? ablationChart(run) : figureChart(run, options.published);
      await writeChart(chart, path);
      drawn.push(path);
    } catch (error) {
      process.stderr.write(`${path} could not be drawn: ${messageOf(error)}\n`);
    }
  }
  return drawn;
}
