/** Builds the published package into dist/: the program and the page. */

import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { pageFolder } from '../src/server/page-files.ts';
import { buildProgram } from './program.ts';

const folder = fileURLToPath(new URL('../dist/', import.meta.url));
// Files of an earlier build would be published too.
rmSync(folder, { recursive: true, force: true });
await buildProgram(folder);
await pageFolder();
