/** The journal of a run: a JSON Lines file that starts with the context and gains a line with every measurement. */

import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { cannotWrite, UsageError } from '../messages.ts';
import { makeFolders, orUsageError } from './files.ts';
import { type Context, type Measurement, SCHEMA_ID } from './measurement.ts';

/** An open journal of a run. */
export interface Journal {
  path: string;
  /** Writes one measurement; it is in the file when this returns, unless `problem` says why not. What is missing is tried again with the next. */
  append(measurement: Measurement): void;
  /** Marks the run as interrupted, in the first line. */
  cancel(): void;
  /** The system's code for why the file lacks something, such as ENOSPC; null where it is whole. */
  problem(): string | null;
}

const lineOf = (record: unknown) => `${JSON.stringify(record)}\n`;
const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code ?? String(error);

/**
 * Creates `folder`/`name`.jsonl and writes the context; where that file exists, the name gets a number. Throws
 * UsageError where the file cannot be written, and leaves none behind. Later failures throw nothing: a run goes on without its
 * journal.
 */
export function createJournal(folder: string, name: string, context: Context): Journal {
  const path = createFile(folder, name);
  let head = lineOf({ schema: SCHEMA_ID, context });
  const measurements: string[] = [];
  try {
    writeFileSync(path, head);
  } catch (error) {
    rmSync(path, { force: true });
    throw new UsageError(cannotWrite(path, codeOf(error)), { cause: error });
  }
  /** Lines that are whole in the file, and its bytes then. */
  let [written, bytes] = [0, Buffer.byteLength(head)];
  let failure: string | null = null;

  const attempt = (write: () => void) => {
    try {
      write();
      failure = null;
    } catch (error) {
      failure = codeOf(error);
    }
  };
  /** Written beside the journal and renamed, so that the records are on disk at every moment. */
  const writeWhole = () => {
    const fresh = `${path}.new`;
    try {
      makeFolders(dirname(path));
      writeFileSync(fresh, head + measurements.join(''));
      renameSync(fresh, path);
      [written, bytes] = [measurements.length, Buffer.byteLength(head + measurements.join(''))];
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error;
    }
  };
  const writeMissing = () => {
    const missing = measurements.slice(written).join('');
    try {
      appendFileSync(path, missing);
      [written, bytes] = [measurements.length, bytes + Buffer.byteLength(missing)];
    } catch (error) {
      // A full disk takes the beginning of a line; without it the lines before stay a record.
      if (existsSync(path)) truncateSync(path, bytes);
      throw error;
    }
  };
  return {
    path,
    append(measurement) {
      measurements.push(lineOf(measurement));
      // A file that somebody deleted is made anew from its first line on.
      attempt(existsSync(path) ? writeMissing : writeWhole);
    },
    cancel() {
      head = lineOf({ schema: SCHEMA_ID, context: { ...context, cancelled: true } });
      attempt(writeWhole);
    },
    problem: () => failure,
  };
}

/** Creates an empty file that nobody else has: two runs that begin in the same second get two names. */
function createFile(folder: string, name: string): string {
  let path = join(folder, `${name}.jsonl`);
  orUsageError(path, () => makeFolders(folder));
  for (let copy = 2; ; copy += 1) {
    try {
      closeSync(openSync(path, 'wx'));
      return path;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw new UsageError(cannotWrite(path, codeOf(error)), { cause: error });
      path = join(folder, `${name}-${copy}.jsonl`);
    }
  }
}
