/** Writes a chart specification to a file: as SVG, PNG, an HTML page, or the specification itself. */

import { basename } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import { badChartExtension, UsageError } from '../messages.ts';
import { writeInto } from '../record/files.ts';
import { themed } from './theme.ts';

// What draws is loaded where something is drawn: Vega alone takes longer to load than the rest of the command line.

/** The formats that a chart can be written in. */
const CHART_EXTENSIONS = ['.svg', '.png', '.html', '.vl.json'] as const;

/** The extension of a chart file. Throws UsageError for any other. */
function chartExtension(path: string): (typeof CHART_EXTENSIONS)[number] {
  const extension = CHART_EXTENSIONS.find((item) => path.toLowerCase().endsWith(item));
  if (extension === undefined) throw new UsageError(badChartExtension(path));
  return extension;
}

/** Throws UsageError where no chart can be written to `path`: its extension is unknown, or a PNG and resvg is not installed. */
export async function checkChart(path: string): Promise<void> {
  if (chartExtension(path) === '.png')
    await pngWriter(`SVG works: --chart ${basename(path).replace(/\.png$/i, '.svg')}`);
}

/** Turns SVG text into PNG bytes. Throws UsageError where resvg is not installed, which says what works `instead`. */
export async function pngWriter(instead: string): Promise<(svg: string) => Uint8Array> {
  return (await import('./png.ts')).loadPng(instead);
}

/** Draws a chart as SVG text; needs no canvas. */
export async function renderSvg(specification: TopLevelSpec): Promise<string> {
  const { drawSvg } = await import('./svg.ts');
  return drawSvg(themed(specification));
}

/** Writes a chart in the format that the extension of `path` names. Throws UsageError where `checkChart` does. */
export async function writeChart(specification: TopLevelSpec, path: string): Promise<void> {
  const extension = chartExtension(path);
  switch (extension) {
    case '.svg':
      return writeInto(path, await renderSvg(specification));
    case '.png':
      return writeInto(path, (await pngWriter('SVG works'))(await renderSvg(specification)));
    case '.html':
      return writeInto(path, (await import('./chart-page.ts')).chartPage(themed(specification)));
    case '.vl.json':
      return writeInto(path, `${JSON.stringify(themed(specification), null, 2)}\n`);
    default:
      return extension satisfies never;
  }
}
