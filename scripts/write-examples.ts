/** Draws the charts of results/examples/ again, and writes the Markdown of bench bringup there. Tests fail while a stored file differs. */

import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeChart } from '../src/chart/render.ts';
import { EXAMPLES, exampleBringups, exampleCharts } from './examples.ts';

for (const { name, specification } of exampleCharts()) {
  for (const extension of ['.svg', '.png']) {
    await writeChart(specification, fileURLToPath(new URL(`${name}${extension}`, EXAMPLES)));
  }
}

for (const { name, markdown } of exampleBringups()) writeFileSync(new URL(`${name}.md`, EXAMPLES), markdown);
