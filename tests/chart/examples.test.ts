/** The stored example charts, and the Markdown of bench bringup, are those that the code draws today (npm run examples draws them anew). */

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXAMPLES, exampleBringups, exampleCharts } from '../../scripts/examples.ts';
import { renderSvg, writeChart } from '../../src/chart/render.ts';

const stored = (name: string) => readFileSync(new URL(name, EXAMPLES));
/** Width and height in the header of a PNG. */
const size = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];

describe.each(exampleCharts())('$name', ({ name, specification }) => {
  it('is the stored SVG', async () => {
    expect(await renderSvg(specification)).toBe(stored(`${name}.svg`).toString());
  });

  it('has a stored PNG of the same size', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'attnbench-example-')), 'chart.png');
    await writeChart(specification, path);
    expect(size(stored(`${name}.png`))).toEqual(size(readFileSync(path)));
  });
});

describe.each(exampleBringups())('$name', ({ name, markdown }) => {
  it('is the stored Markdown', () => {
    expect(markdown).toBe(stored(`${name}.md`).toString());
  });

  it('is a page, and names no path', () => {
    expect(markdown.split('\n').length).toBeLessThan(80);
    expect(markdown).not.toMatch(/(?:^|[\s('"])[/\\]\w/m);
  });
});
