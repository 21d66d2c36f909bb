/** Writes a chart specification to a file: as SVG, PNG, an HTML page, or the specification itself. */

import { readFileSync } from 'node:fs';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { textMetrics } from 'vega-scenegraph';
import { badChartExtension, UsageError } from '../messages.ts';
import { writeInto } from '../record/files.ts';
import { ADVANCE } from './frame.ts';
import { renderPng } from './png.ts';
import { themed } from './theme.ts';

/** The formats that a chart can be written in. */
export const CHART_EXTENSIONS = ['.svg', '.png', '.html', '.vl.json'] as const;

/** The extension of a chart file. Throws UsageError for any other. */
export function chartExtension(path: string): (typeof CHART_EXTENSIONS)[number] {
  const extension = CHART_EXTENSIONS.find((item) => path.toLowerCase().endsWith(item));
  if (extension === undefined) throw new UsageError(badChartExtension(path));
  return extension;
}

// Without a canvas Vega assumes 0.8 ems a character, which makes charts a third too wide.
textMetrics.width = (item, text) => {
  const weight = item.fontWeight === 'bold' || Number(item.fontWeight) >= 600 ? ADVANCE.bold : ADVANCE.regular;
  return String(text ?? '').length * (item.fontSize ?? 11) * weight;
};

/** Draws a chart as SVG text; needs no canvas. */
export async function renderSvg(specification: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(themed(specification)).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

/** The texts of the chart libraries for a page, in loading order. */
export function librarySources(): string[] {
  return ['vega', 'vega-lite', 'vega-embed'].map((name) =>
    readFileSync(new URL(`./${name}.min.js`, import.meta.resolve(name)), 'utf8'),
  );
}

/** A page with the chart and the libraries that draw it. It needs no network. */
function renderHtml(specification: TopLevelSpec): string {
  // "</script" ends a script element even inside a string.
  const scripts = librarySources().map((text) => text.replaceAll('</script', '<\\/script'));
  const text = JSON.stringify(themed(specification)).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>attnbench</title>
<style>body { font-family: Inter, system-ui, sans-serif; margin: 1rem; } #chart { max-width: 100%; overflow-x: auto; }</style>
<div id="chart"></div>
${scripts.map((script) => `<script>${script}</script>`).join('\n')}
<script>vegaEmbed('#chart', ${text}, { actions: { export: true, source: false, compiled: false, editor: false } });</script>
</html>
`;
}

/** Writes a chart in the format that the extension of `path` names. Throws UsageError for an unknown extension. */
export async function writeChart(specification: TopLevelSpec, path: string): Promise<void> {
  const extension = chartExtension(path);
  switch (extension) {
    case '.svg':
      return writeInto(path, await renderSvg(specification));
    case '.png':
      return writeInto(path, await renderPng(await renderSvg(specification)));
    case '.html':
      return writeInto(path, renderHtml(specification));
    case '.vl.json':
      return writeInto(path, `${JSON.stringify(themed(specification), null, 2)}\n`);
    default:
      return extension satisfies never;
  }
}
