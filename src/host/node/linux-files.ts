/** Files and folders of Linux that may not be there: then there is nothing to find in them. */

import { readdirSync, readFileSync } from 'node:fs';

/** The names in a folder, sorted; none where there is no such folder, or none for this user. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

/** The text of a file; empty where it is not there, or not for this user. */
export function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
