/** Builds the page into dist/page, for the published package. */

import { pageFolder } from './page-files.ts';

await pageFolder();
