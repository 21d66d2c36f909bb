/** The journal of a run: a JSON Lines file that starts with the context and gains a line with every measurement. */

import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeFolders, orUsageError } from './files.ts';
import { type Context, type Measurement, SCHEMA_ID } from './measurement.ts';

/** An open journal of a run. */
export interface Journal {
  path: string;
  /** Writes one measurement; it is in the file when this returns. */
  append(measurement: Measurement): void;
  /** Marks the run as interrupted, in the first line. */
  cancel(): void;
}

/**
 * Creates `folder`/`name`.jsonl and writes the context; where that file exists, the name gets a number. Throws
 * UsageError where the file cannot be written.
 */
export function createJournal(folder: string, name: string, context: Context): Journal {
  let path = join(folder, `${name}.jsonl`);
  orUsageError(path, () => makeFolders(folder));
  for (let copy = 2; existsSync(path); copy += 1) path = join(folder, `${name}-${copy}.jsonl`);
  const line = (record: unknown) => `${JSON.stringify(record)}\n`;
  orUsageError(path, () => appendFileSync(path, line({ schema: SCHEMA_ID, context })));
  return {
    path,
    append: (measurement) => appendFileSync(path, line(measurement)),
    cancel() {
      const measurements = readFileSync(path, 'utf8').split('\n').slice(1).join('\n');
      // Written beside the journal and renamed, so that the records are on disk at every moment.
      writeFileSync(
        `${path}.new`,
        line({ schema: SCHEMA_ID, context: { ...context, cancelled: true } }) + measurements,
      );
      renameSync(`${path}.new`, path);
    },
  };
}
