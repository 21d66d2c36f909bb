/** A chart as an HTML page of its own, with the libraries that draw it. It needs no network. */

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TopLevelSpec } from 'vega-lite';

/** The chart libraries, in loading order. */
export const CHART_LIBRARIES = ['vega', 'vega-lite', 'vega-embed'] as const;

/** The file of a library for browsers: beside the bundled program, or in the library's own package in a checkout. */
export function libraryFile(name: (typeof CHART_LIBRARIES)[number]): string {
  const bundled = new URL(`../chart-libraries/${name}.min.js`, import.meta.url);
  return fileURLToPath(existsSync(bundled) ? bundled : new URL(`./${name}.min.js`, import.meta.resolve(name)));
}

/** The texts of the chart libraries for a page, in loading order. */
export function librarySources(): string[] {
  return CHART_LIBRARIES.map((name) => readFileSync(libraryFile(name), 'utf8'));
}

/** The page of a specification that has its theme. */
export function chartPage(specification: TopLevelSpec): string {
  // "</script" ends a script element even inside a string.
  const scripts = librarySources().map((text) => text.replaceAll('</script', '<\\/script'));
  const text = JSON.stringify(specification).replaceAll('<', '\\u003c');
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
