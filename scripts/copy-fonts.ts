/** Copies the font of PNG charts, with its licence, into dist/fonts, for the published package. */

import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FACES, fontPackage } from '../src/chart/png.ts';

for (const file of [...FACES, 'LICENSE_FONT']) {
  cpSync(join(fontPackage(), file), fileURLToPath(new URL(`../dist/fonts/${file}`, import.meta.url)));
}
