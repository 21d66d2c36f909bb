/** Records on disk as they are made: a JSON Lines file whose first line is the context and every other line one measurement. */

import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cannotWrite, UsageError } from '../messages.ts';
import { type Context, type Measurement, SCHEMA_ID } from './measurement.ts';

export interface Journal {
  path: string;
  /** Writes one measurement; it is in the file when this returns. */
  append(measurement: Measurement): void;
  /** Marks the run as interrupted, in the first line. */
  cancel(): void;
}

/** Throws UsageError where `path` cannot be created as a file; leaves nothing behind. */
export function checkWritable(path: string): void {
  const existed = existsSync(path);
  const made = tryTo(path, () => makeFolders(dirname(path)));
  try {
    tryTo(path, () => closeSync(openSync(path, 'a')));
    if (!existed) unlinkSync(path);
  } finally {
    for (const folder of made.reverse()) rmdirSync(folder);
  }
}

/** Throws UsageError where no file can be created in `folder`. */
export function checkFolder(folder: string): void {
  try {
    checkWritable(join(folder, '.attnbench-probe'));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message.replace(`${join(folder, '.attnbench-probe')}`, folder));
  }
}

/** Makes a folder and those around it one by one (Node's own recursive mkdir never returns for a folder under /proc); the ones made. */
export function makeFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) missing.unshift(path);
  for (const path of missing) mkdirSync(path);
  return missing;
}

/** Writes a file, and makes the folders on its way: what checkWritable promised. */
export function writeInto(path: string, content: string | Uint8Array): void {
  makeFolders(dirname(path));
  writeFileSync(path, content);
}

function tryTo<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(cannotWrite(path, code));
  }
}

/** Creates `folder`/`name`.jsonl, with a number added where that exists, and writes the context. */
export function createJournal(folder: string, name: string, context: Context): Journal {
  let path = join(folder, `${name}.jsonl`);
  tryTo(path, () => makeFolders(folder));
  for (let copy = 2; existsSync(path); copy += 1) path = join(folder, `${name}-${copy}.jsonl`);
  const line = (record: unknown) => `${JSON.stringify(record)}\n`;
  tryTo(path, () => appendFileSync(path, line({ schema: SCHEMA_ID, context })));
  return {
    path,
    append: (measurement) => appendFileSync(path, line(measurement)),
    cancel() {
      const measurements = readFileSync(path, 'utf8').split('\n').slice(1).join('\n');
      // Written beside and renamed, so that no moment exists in which the records are not on disk.
      writeFileSync(
        `${path}.new`,
        line({ schema: SCHEMA_ID, context: { ...context, cancelled: true } }) + measurements,
      );
      renameSync(`${path}.new`, path);
    },
  };
}
