/** Machine code in the user's cache folder: a file for each program, named by what is in it. */

import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { messageOf, noPlaceForCode } from '../../../messages.ts';
import { cacheFolder } from '../cache-folder.ts';

/** Files that the folder keeps; the oldest go. A file that is open stays whole when it is removed. */
const KEPT = 300;
/** None goes so soon after it was asked for: threads may not have opened it yet. */
const KEPT_MILLISECONDS = 600_000;

/**
 * The path of a file with these bytes in it, which nobody but the user can have written. It is written beside and renamed, since
 * to change a file that is open is to change code that runs; one that is there is read and compared. Where the cache folder
 * cannot be written it lies in a temporary folder. Throws where that cannot be written either.
 */
export function codeFile(bytes: Uint8Array): string {
  const name = `${createHash('sha256').update(bytes).digest('hex')}.so`;
  let why = '';
  for (const folder of [() => join(cacheFolder(), 'code'), () => mkdtempSync(join(tmpdir(), 'attnbench-code-'))]) {
    try {
      return written(folder(), name, bytes);
    } catch (error) {
      why = messageOf(error);
    }
  }
  throw new Error(noPlaceForCode(why));
}

function written(folder: string, name: string, bytes: Uint8Array): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = lstatSync(folder);
  if (uid !== process.getuid?.()) throw new Error(`${folder} belongs to another user`);
  if ((mode & 0o022) !== 0) chmodSync(folder, 0o700);
  const path = join(folder, name);
  if (holds(path, bytes)) {
    const now = new Date();
    utimesSync(path, now, now);
    return path;
  }
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(fresh, bytes, { flag: 'wx', mode: 0o500 });
  renameSync(fresh, path);
  removeOldest(folder);
  if (!holds(path, bytes)) throw new Error(`${path} is not what was written`);
  return path;
}

/** Whether a file of the user's own, no link, has just these bytes. */
function holds(path: string, bytes: Uint8Array): boolean {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() === true && found.uid === process.getuid?.() && readFileSync(path).equals(bytes);
}

function removeOldest(folder: string): void {
  const files = readdirSync(folder).flatMap((name) => {
    const found = lstatSync(join(folder, name), { throwIfNoEntry: false });
    return found === undefined ? [] : [{ path: join(folder, name), time: found.mtimeMs }];
  });
  const old = Date.now() - KEPT_MILLISECONDS;
  for (const { path, time } of files.sort((a, b) => b.time - a.time).slice(KEPT)) {
    if (time < old) rmSync(path, { force: true });
  }
}
