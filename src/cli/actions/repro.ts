/** The work of bench repro: the cases of a record measured here, then compared with it. */

import { availableParallelism } from 'node:os';
import type { Kernel } from '../../../kernels/kernel.ts';
import { recordedCases } from '../../compare/reproduction.ts';
import { compareRuns, contextDifferences } from '../../compare/runs.ts';
import {
  configurationsElsewhere,
  kernelsUnknown,
  noKernelOfBackend,
  nothingToRepeat,
  UsageError,
} from '../../messages.ts';
import { describe } from '../../problem/workload.ts';
import type { RunDocument } from '../../record/measurement.ts';
import { formatDifferences } from '../../report/differences-text.ts';
import { choose } from '../nearest.ts';
import { type Raw, readRunOptions } from '../options.ts';
import { readRun } from './compare.ts';
import { type Presentation, runCases } from './run.ts';

/** How the recorded command measured, from its arguments. */
export interface Recorded {
  options: Raw;
  budgetSeconds: number;
  /** It was given a file of tiles, which a record does not hold. */
  configurationsFile: boolean;
}

type ReadRecorded = (argv: readonly string[], file: string) => Recorded;

/** Measures and compares; `given` are the user's options, which win over the record's. Returns the exit code. */
export async function repeatRun(file: string, given: Raw, readRecorded: ReadRecorded): Promise<number> {
  const before = readRun(file);
  const recordedRun = recordedCases(before, availableParallelism());
  const { options: recorded, budgetSeconds, configurationsFile } = readRecorded(before.context.argv, file);
  if (recordedRun.kernels.length === 0) throw new UsageError(nothingToRepeat(file, recordedRun.unknown));
  const kernels = chosenKernels(recordedRun.kernels, given);
  const raw: Raw = {
    ...recorded,
    host: recordedRun.host,
    ...(recordedRun.variant === null ? {} : { variant: recordedRun.variant }),
    seed: String(before.context.seed),
    allowSoftware: recordedRun.software,
    ...given,
    kernel: kernels,
  };
  if (!kernels.includes(String(raw['baseline']))) delete raw['baseline'];
  const options = readRunOptions(raw, budgetSeconds);
  const cases = recordedRun.cases.map(({ workload, threads }) => ({
    workload,
    threads: options.threads === null ? threads : null,
  }));
  if (configurationsFile && options.tiles === null && !options.quiet)
    process.stderr.write(`${configurationsElsewhere}\n`);
  if (recordedRun.unknown.length > 0 && !options.quiet)
    process.stderr.write(`${kernelsUnknown(recordedRun.unknown)}\n`);
  return runCases('repro', cases, options, true, (after) => compareWithRecord(before, after, options.format));
}

/** The names of the record's kernels, or those of them that the user wants. Throws UsageError for a name that it does not have. */
function chosenKernels(recorded: readonly Kernel[], given: Raw): string[] {
  const { kernel, backend } = given;
  const wanted = Array.isArray(kernel) ? kernel.flatMap((item) => item.split(',')) : null;
  const ofBackend = recorded.filter((item) => backend === undefined || backend === 'auto' || item.backend === backend);
  const names = ofBackend.map(({ name }) => name);
  if (names.length === 0) throw new UsageError(noKernelOfBackend(String(backend), recorded));
  return wanted === null ? names : wanted.map((name) => choose('--kernel', name.trim(), names));
}

function compareWithRecord(before: RunDocument, after: RunDocument, format: string): Presentation {
  const differences = compareRuns(before, after);
  const environment = contextDifferences(before.context, after.context);
  const missing = after.measurements.flatMap((m) =>
    m.state === 'measured'
      ? []
      : [`${m.kernel}, ${describe(m.workload)}: ${m.state}, ${m.state === 'skipped' ? m.reason : m.message}`],
  );
  const slower = differences.some(({ verdict }) => verdict === 'slower');
  const text =
    format === 'json'
      ? `${JSON.stringify({ differences, environment, missing }, null, 2)}\n`
      : formatDifferences(differences, environment, missing);
  return { text, exitCode: slower ? 1 : 0 };
}
