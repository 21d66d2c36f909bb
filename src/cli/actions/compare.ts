/** The work of bench compare. */

import { basename } from 'node:path';
import { parseRunFile } from '../../compare/run-file.ts';
import { compareRuns, contextDifferences } from '../../compare/runs.ts';
import { nothingInCommon, UsageError, withoutSteering } from '../../messages.ts';
import { readText } from '../../record/files.ts';
import type { RunDocument } from '../../record/measurement.ts';
import { formatDifferences, verdictText } from '../../report/differences-text.ts';
import { runPath, stepsBack } from '../run-names.ts';
import { sayLine, widthOf, writeClosing } from '../terminal/output.ts';

/**
 * Prints the comparison and ends with its verdict; 1 where a case became slower, else 0. Of two runs that are named by their
 * age the older one is `before`, in whichever order they stand. Throws UsageError where a file is no run or nothing can be
 * compared.
 */
export function compareFiles(
  first: string,
  second: string,
  { format, results }: { format: 'table' | 'json'; results: string },
): number {
  const [before, after] = byAge(first, second).map((name) => runPath(name, results)) as [string, string];
  const [old, run] = [readRun(before), readRun(after)];
  const differences = compareRuns(old, run);
  if (differences.length === 0) throw new UsageError(nothingInCommon(before, after));
  const environment = contextDifferences(old.context, run.context);
  if (format === 'json') process.stdout.write(`${JSON.stringify(differences, null, 2)}\n`);
  else {
    process.stdout.write(`before  ${withoutSteering(before)}\nafter   ${withoutSteering(after)}\n\n`);
    process.stdout.write(formatDifferences(differences, environment, [], widthOf()));
    const [one, two] = [basename(before), basename(after)];
    const names = (one === two ? [before, after] : [one, two]).map(withoutSteering) as [string, string];
    writeClosing(verdictText(differences, environment, names), [], true);
  }
  return differences.some(({ verdict }) => verdict === 'slower') ? 1 : 0;
}

/** Two names, the older first where both say how old they are. */
function byAge(first: string, second: string): [string, string] {
  const [a, b] = [stepsBack(first), stepsBack(second)];
  return a !== null && b !== null && a < b ? [second, first] : [first, second];
}

/** The run in a file, compared with the figures of the AVO paper. Throws UsageError where it cannot be read or is no run. */
export function readRun(path: string): RunDocument {
  return parseRunFile(readText(path), path, 'avo', sayLine);
}
