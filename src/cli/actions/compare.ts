/** The work of bench compare. */

import { parseRunFile } from '../../compare/run-file.ts';
import { compareRuns, contextDifferences } from '../../compare/runs.ts';
import { nothingInCommon, UsageError } from '../../messages.ts';
import { readText } from '../../record/files.ts';
import type { RunDocument } from '../../record/measurement.ts';
import { formatDifferences } from '../../report/differences-text.ts';

/** Prints the comparison; 1 where a case became slower, else 0. Throws UsageError where a file is no run or nothing can be compared. */
export function compareFiles(before: string, after: string, format: 'table' | 'json'): number {
  const [old, run] = [readRun(before), readRun(after)];
  const differences = compareRuns(old, run);
  if (differences.length === 0) throw new UsageError(nothingInCommon(before, after));
  if (format === 'json') process.stdout.write(`${JSON.stringify(differences, null, 2)}\n`);
  else process.stdout.write(formatDifferences(differences, contextDifferences(old.context, run.context), []));
  return differences.some(({ verdict }) => verdict === 'slower') ? 1 : 0;
}

/** The run in a file, compared with the figures of the AVO paper. Throws UsageError where it cannot be read or is no run. */
export function readRun(path: string): RunDocument {
  return parseRunFile(readText(path), path, 'avo');
}
