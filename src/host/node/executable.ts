/** Tells programs from other files. */

import { accessSync, constants } from 'node:fs';

/** True where the path leads to a program that can be run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
