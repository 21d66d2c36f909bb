/** Builds the page into dist/page, for the published package. */

import { pageFolder } from '../src/server/page-files.ts';

await pageFolder();
