/** Builds the page once, before test files that need it run side by side. */

import { pageFolder } from '../../src/server/page-files.ts';

export default async function setup(): Promise<void> {
  await pageFolder();
}
