/** The work of bench compare. */

import { readFileSync } from 'node:fs';
import { compareRuns } from '../compare-runs.ts';
import { cannotRead, nothingInCommon, UsageError } from '../messages.ts';
import { differenceCells } from '../report/differences.ts';
import { parseRunFile } from '../run-file.ts';
import { formatColumns } from './output.ts';

/** Prints the comparison; 1 where a point became slower, else 0. Throws UsageError where a file is no run or nothing can be compared. */
export function compareFiles(before: string, after: string, format: 'table' | 'json'): number {
  const [old, run] = [before, after].map((path) => parseRunFile(read(path), path, 'avo')) as [Run, Run];
  const differences = compareRuns(old, run);
  if (differences.length === 0) throw new UsageError(nothingInCommon(before, after));
  if (format === 'json') process.stdout.write(`${JSON.stringify(differences, null, 2)}\n`);
  else {
    const { cells, notes } = differenceCells(differences);
    const [header = [], ...body] = cells;
    process.stdout.write(formatColumns(header, body));
    if (notes.length > 0) process.stdout.write(`\n${notes.join('\n')}\n`);
  }
  return differences.some(({ verdict }) => verdict === 'slower') ? 1 : 0;
}

type Run = ReturnType<typeof parseRunFile>;

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(cannotRead(path, (error as NodeJS.ErrnoException).code ?? String(error)));
  }
}
