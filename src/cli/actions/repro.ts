/** The work of bench repro: the cases of a record measured here, then compared with it. */

import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import type { Kernel } from '../../../kernels/kernel.ts';
import { type RecordedCases, recordedCases } from '../../compare/reproduction.ts';
import { compareRuns, contextDifferences } from '../../compare/runs.ts';
import {
  configurationsElsewhere,
  kernelsUnknown,
  noKernelOfBackend,
  nothingToRepeat,
  settingsUnknown,
  UsageError,
} from '../../messages.ts';
import { describe } from '../../problem/workload.ts';
import { backendName } from '../../record/backend.ts';
import type { Context, RunDocument } from '../../record/measurement.ts';
import { whyNotMeasured } from '../../record/unmeasured.ts';
import { USUAL_WIDTH } from '../../report/columns.ts';
import { formatDifferences, verdictText } from '../../report/differences-text.ts';
import { choose } from '../nearest.ts';
import { VARIANT_NAMES } from '../options/names.ts';
import { BUDGET_SECONDS, type RunValues, runOptions } from '../options/run.ts';
import { type RunOptions, runOptionsOf } from '../options/run-options.ts';
import { defaultsOf } from '../options/typed-option.ts';
import { runPath } from '../run-names.ts';
import { widthOf } from '../terminal/output.ts';
import { readRun } from './compare.ts';
import { type Presentation, runCases } from './run.ts';

/**
 * Measures the cases of the record in `name` and compares; the exit code. `given` is what the user gave, which wins over the
 * record. Throws UsageError where the record has nothing that can be repeated.
 */
export async function repeatRun(name: string, given: Partial<RunValues>): Promise<number> {
  const file = runPath(name, given.results ?? defaultsOf(runOptions(BUDGET_SECONDS)).results);
  const before = readRun(file);
  const recorded = recordedCases(before, availableParallelism());
  if (recorded.kernels.length === 0) throw new UsageError(nothingToRepeat(file, recorded.unknown));
  const options = runOptionsOf(mergeValues(recorded, before.context, given), ['f32'], before.context.models);
  const cases = recorded.cases.map(({ workload, threads }) => ({
    workload,
    threads: options.threads === null ? threads : null,
  }));
  if (!options.quiet) {
    for (const notice of notices(recorded, before.context, given)) process.stderr.write(`${notice}\n`);
  }
  return runCases('repro', cases, options, true, (after) => compareWithRecord(before, after, options, basename(file)));
}

/** What the user gives, else what the record says, else the defaults. */
function mergeValues(recorded: RecordedCases, context: Context, given: Partial<RunValues>): RunValues {
  const kernel = chosenKernels(recorded.kernels, given);
  const { host, software, variant } = recorded;
  const values: RunValues = {
    ...defaultsOf(runOptions(BUDGET_SECONDS)),
    seed: context.seed,
    ...settingValues(context),
    host,
    variant: variant === null ? null : choose('--variant', variant, VARIANT_NAMES),
    allowSoftware: software,
    ...given,
    kernel,
  };
  // A baseline that does not run again has no paired rounds.
  return { ...values, baseline: kernel.find((name) => name === values.baseline) ?? null };
}

/** The settings of the recorded run as values of options; none where it was made before they were kept. */
function settingValues({ settings }: Context): Partial<RunValues> {
  if (settings === undefined) return {};
  const { tiles, ...same } = settings;
  return { ...same, processes: same.processes ?? null, tiles: tiles === 'default' ? 'default' : null };
}

/** What the user should know of the record before its cases run. */
function notices({ unknown }: RecordedCases, { settings, seed }: Context, given: Partial<RunValues>): string[] {
  return [
    ...(settings === undefined ? [settingsUnknown(seed, given.budget ?? BUDGET_SECONDS)] : []),
    ...(settings?.tiles === 'file' && given.tiles === undefined ? [configurationsElsewhere] : []),
    ...(unknown.length > 0 ? [kernelsUnknown(unknown)] : []),
  ];
}

/** The names of the record's kernels, or those of them that the user wants. Throws UsageError for a name that it does not have. */
function chosenKernels(recorded: readonly Kernel[], { kernel, backend = 'auto' }: Partial<RunValues>): string[] {
  const names = recorded.filter((item) => backend === 'auto' || backendName(item) === backend).map(({ name }) => name);
  if (names.length === 0) throw new UsageError(noKernelOfBackend(backend, recorded));
  return kernel == null ? names : kernel.map((name) => choose('--kernel', name, names));
}

/** The comparison as text or JSON; exit code 1 where a case became slower. */
function compareWithRecord(
  before: RunDocument,
  after: RunDocument,
  { format, output }: RunOptions,
  name: string,
): Presentation {
  const differences = compareRuns(before, after);
  const environment = contextDifferences(before.context, after.context);
  const missing = after.measurements.flatMap((m) =>
    m.state === 'measured' ? [] : [`${m.kernel}, ${describe(m.workload)}: ${whyNotMeasured(m)}`],
  );
  const slower = differences.some(({ verdict }) => verdict === 'slower');
  const text =
    format === 'json'
      ? `${JSON.stringify({ differences, environment, missing }, null, 2)}\n`
      : formatDifferences(differences, environment, missing, output === null ? widthOf() : USUAL_WIDTH);
  const verdict = differences.length === 0 ? null : verdictText(differences, environment, [name, 'this run']);
  return { text, verdict, exitCode: slower ? 1 : 0 };
}
