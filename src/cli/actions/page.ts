/** The work of bench page. */

import { pageWritten } from '../../messages.ts';
import { copyPage } from '../../server/page-files.ts';

/** Copies the page's files into a folder, and says what to do with them. */
export async function writePage(folder: string): Promise<void> {
  await copyPage(folder);
  process.stderr.write(`${pageWritten(folder)}\n`);
}
