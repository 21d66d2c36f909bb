/** Runs by name: a path, or `last` and `last~N` for the newest records of a folder. */

import { existsSync } from 'node:fs';
import { noRuns, tooFewRuns, UsageError } from '../messages.ts';
import { newestFiles, readText } from '../record/files.ts';

const NAME = /^last(?:~(\d+))?$/;

/** How many runs before the newest a name means: 0 for `last`; null where it is a path. */
export function stepsBack(name: string): number | null {
  const found = NAME.exec(name);
  // A file of that name wins.
  return found === null || existsSync(name) ? null : Number(found[1] ?? 0);
}

/**
 * The path of a run: `last` is the newest record of the folder in which something was measured, `last~1` the one before, and
 * so on; anything else is a path already. Throws UsageError where the folder has too few.
 */
export function runPath(name: string, folder: string): string {
  const steps = stepsBack(name);
  if (steps === null) return name;
  let left = steps;
  for (const path of recordsIn(folder)) {
    if (!readText(path).includes('"state":"measured"')) continue;
    if (left === 0) return path;
    left -= 1;
  }
  throw new UsageError(left === steps ? noRuns(folder) : tooFewRuns(folder, steps - left, name));
}

/** The journals of a folder, the newest first; empty where there is no such folder. */
export const recordsIn = (folder: string): string[] =>
  newestFiles(folder, (name) => name.endsWith('.jsonl')).map(({ path }) => path);
