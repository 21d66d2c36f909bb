/** Machine code in the user's cache folder: a file for each program, named by what is in it. */

import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
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

/** Files that the folder keeps; beyond them go those that nobody asked for in a day, since a run may open its code again. */
const KEPT = 300;
const DAY_MS = 86_400_000;

/**
 * The path of a file with these bytes in it, which nobody but the user can have written. It is written beside and renamed, since
 * to change a file that is open is to change code that runs; one that is there is read and compared. Where the cache folder
 * cannot be written it lies in the folder for temporary files. Throws where that cannot be written either.
 */
export function codeFile(bytes: Uint8Array): string {
  const name = `${createHash('sha256').update(bytes).digest('hex')}.so`;
  let why = '';
  for (const folder of [join(cacheFolder(), 'code'), join(tmpdir(), `attnbench-code-${process.getuid?.()}`)]) {
    try {
      return written(folder, name, bytes);
    } catch (error) {
      why = messageOf(error);
    }
  }
  throw new Error(noPlaceForCode(why));
}

function written(folder: string, name: string, bytes: Uint8Array): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const found = lstatSync(folder);
  const { uid, mode } = found;
  if (!found.isDirectory()) throw new Error(`${folder} is no folder`);
  if (uid !== process.getuid?.()) throw new Error(`${folder} belongs to another user`);
  if ((mode & 0o022) !== 0) chmodSync(folder, 0o700);
  const path = join(folder, name);
  if (holds(path, bytes)) {
    // Asked for now.
    utimesSync(path, new Date(), new Date());
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
  const old = files.sort((a, b) => b.time - a.time).slice(KEPT);
  for (const { path, time } of old) if (Date.now() - time > DAY_MS) rmSync(path, { force: true });
}
