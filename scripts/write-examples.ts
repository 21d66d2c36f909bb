/** Draws the charts of results/examples/ again. A test fails while a stored chart differs. */

import { fileURLToPath } from 'node:url';
import { writeChart } from '../src/chart/render.ts';
import { EXAMPLES, exampleCharts } from './examples.ts';

for (const { name, specification } of exampleCharts()) {
  for (const extension of ['.svg', '.png']) {
    await writeChart(specification, fileURLToPath(new URL(`${name}${extension}`, EXAMPLES)));
  }
}
