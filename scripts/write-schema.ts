/** Writes results/schema.json from the schema in src/record/measurement.ts; a test fails while it is stale. */

import { writeFileSync } from 'node:fs';
import { documentJsonSchema } from '../src/record/measurement.ts';

writeFileSync(new URL('../results/schema.json', import.meta.url), `${JSON.stringify(documentJsonSchema(), null, 2)}\n`);
