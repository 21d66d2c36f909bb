/** The user's files and folders: read, checked before the work begins, created when something is written. */

import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmdirSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cannotRead, cannotWrite, moreThan, UsageError } from '../messages.ts';

const { O_APPEND, O_CREAT, O_WRONLY, O_NONBLOCK = 0 } = constants;
/** Opening a pipe that nobody reads fails with this; it would wait for ever. */
const AT_ONCE = O_WRONLY | O_NONBLOCK;
const APPEND = AT_ONCE | O_APPEND | O_CREAT;

/** Throws UsageError where `path` cannot be created as a file. Leaves nothing behind. */
export function checkWritable(path: string): void {
  const existed = existsSync(path);
  const made = orUsageError(path, () => makeFolders(dirname(path)));
  try {
    orUsageError(path, () => closeSync(openSync(path, APPEND)));
    if (!existed) unlinkSync(path);
  } finally {
    for (const folder of made.reverse()) rmdirSync(folder);
  }
}

/** Throws UsageError where no file can be created in `folder`. */
export function checkFolder(folder: string): void {
  const probe = join(folder, '.attnbench-probe');
  try {
    checkWritable(probe);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message.replace(probe, folder), { cause: error.cause });
  }
}

/** The system's code for why no file can be created in `folder`, such as EACCES; null where one can. */
export function whyNotWritable(folder: string): string | null {
  try {
    checkFolder(folder);
    return null;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return (error.cause as NodeJS.ErrnoException).code ?? String(error.cause);
  }
}

/**
 * Makes a folder and the folders around it and returns those that it made. It makes them one by one, since Node's own
 * recursive mkdir never returns for a folder under /proc.
 */
export function makeFolders(folder: string): string[] {
  const missing: string[] = [];
  for (let path = resolve(folder); !existsSync(path); path = dirname(path)) missing.unshift(path);
  for (const path of missing) mkdirSync(path);
  return missing;
}

/** Writes a file and makes the folders on its way. Throws UsageError where that fails, as on a disk that has filled up. */
export function writeInto(path: string, content: string | Uint8Array): void {
  orUsageError(path, () => {
    makeFolders(dirname(path));
    const pipe = statsOrNone(path)?.isFIFO() ? openSync(path, AT_ONCE) : null;
    try {
      writeFileSync(path, content);
    } finally {
      if (pipe !== null) closeSync(pipe);
    }
  });
}

/**
 * The regular files of a folder whose names `wanted` picks, the newest first; none where there is no such folder. Pipes, folders and
 * links that lead nowhere are left out: reading them fails, or never ends. Throws UsageError where the folder cannot be read.
 */
export function newestFiles(
  folder: string,
  wanted: (name: string) => boolean,
): { path: string; name: string; time: number }[] {
  if (!existsSync(folder)) return [];
  const found = orUnreadable(folder, () => readdirSync(folder))
    .filter(wanted)
    .flatMap((name) => {
      const path = join(folder, name);
      const stats = statsOrNone(path);
      return stats?.isFile() ? [{ path, name, time: stats.mtimeMs }] : [];
    });
  return found.sort((a, b) => b.time - a.time || (a.path < b.path ? 1 : -1));
}

/** What the system says of a file; null where it says nothing, as of a link that leads nowhere or to itself. */
function statsOrNone(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** No record is as large: a device such as /dev/zero has no end, and would fill the memory. */
const MOST_MIB = 256;
const LARGEST_TEXT = MOST_MIB * 2 ** 20;
/** A pipe whose writer writes nothing for so long is given up, ms. */
const PATIENCE = 10_000;
/** Between two looks at an empty pipe, ms. */
const LOOK_AGAIN = 20;

/**
 * The text of a file, UTF-8, or UTF-16 where its mark says so, without the mark. Pipes are read to their end. Throws
 * UsageError if it cannot be read or is too large.
 */
export function readText(path: string): string {
  return orUnreadable(path, () => {
    const stats = statSync(path);
    if (stats.size > LARGEST_TEXT) throw tooLargeError();
    return decode(stats.isFile() ? readFileSync(path) : readStream(path));
  });
}

/** As PowerShell writes UTF-16, and editors UTF-8, with a mark. */
function decode(bytes: Buffer): string {
  const [one, two] = bytes;
  if (one === 0xff && two === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (one === 0xfe && two === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return bytes.toString('utf8').replace(/^\ufeff/, '');
}

const tooLargeError = () => Object.assign(new RangeError('too large'), { code: moreThan(MOST_MIB) });

/** All that comes out of a pipe or a device. A pipe that nobody writes to is empty, and a device without an end too large. */
function readStream(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | O_NONBLOCK);
  const chunks: Buffer[] = [];
  let [size, waited] = [0, 0];
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(2 ** 16);
      const read = readNow(file, chunk);
      if (read === 0) return Buffer.concat(chunks);
      if (read === null) {
        if (waited >= PATIENCE) throw Object.assign(new Error('nothing comes'), { code: 'ETIMEDOUT' });
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_AGAIN);
        waited += LOOK_AGAIN;
        continue;
      }
      waited = 0;
      size += read;
      if (size > LARGEST_TEXT) throw tooLargeError();
      chunks.push(chunk.subarray(0, read));
    }
  } finally {
    closeSync(file);
  }
}

/** The bytes that were read, 0 at the end; null where there are none yet. */
function readNow(file: number, into: Buffer): number | null {
  try {
    return readSync(file, into);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return null;
    throw error;
  }
}

/** Runs an operation that reads; its failure becomes a UsageError that names `path`. */
export function orUnreadable<T>(path: string, action: () => T): T {
  return orUsageError(path, action, cannotRead);
}

/** Runs a file operation; its failure becomes a UsageError that names `path`, by default as one that cannot be written. */
export function orUsageError<T>(path: string, action: () => T, message = cannotWrite): T {
  try {
    return action();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new UsageError(message(path, code), { cause: error });
  }
}
