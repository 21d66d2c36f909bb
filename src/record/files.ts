/** The user's files and folders: read, checked before the work begins, created when something is written. */

import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { cannotRead, cannotWrite, moreThan, UsageError } from '../messages.ts';

/** Throws UsageError where `path` cannot be created as a file. Leaves nothing behind. */
export function checkWritable(path: string): void {
  const existed = existsSync(path);
  const made = orUsageError(path, () => makeFolders(dirname(path)));
  try {
    orUsageError(path, () => closeSync(openSync(path, 'a')));
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
    writeFileSync(path, content);
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
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats?.isFile() ? [{ path, name, time: stats.mtimeMs }] : [];
    });
  return found.sort((a, b) => b.time - a.time || (a.path < b.path ? 1 : -1));
}

/** No record is as large: a device such as /dev/zero has no end, and would fill the memory. */
const MOST_MIB = 256;

/** The text of a file, or of a pipe. Throws UsageError if it cannot be read or is too large. */
export function readText(path: string): string {
  return orUnreadable(path, () => {
    const file = openSync(path, 'r');
    try {
      const chunks: Uint8Array[] = [];
      for (let bytes = 0; ; ) {
        const chunk = new Uint8Array(2 ** 20);
        const count = readSync(file, chunk);
        if (count === 0) return Buffer.concat(chunks).toString('utf8');
        bytes += count;
        if (bytes > MOST_MIB * 2 ** 20) throw Object.assign(new Error('too large'), { code: moreThan(MOST_MIB) });
        chunks.push(chunk.subarray(0, count));
      }
    } finally {
      closeSync(file);
    }
  });
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
