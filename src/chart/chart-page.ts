/** A chart as an HTML page of its own, with the libraries that draw it. It needs no network. */

import { readFileSync } from 'node:fs';
import type { TopLevelSpec } from 'vega-lite';

/** The texts of the chart libraries for a page, in loading order. */
export function librarySources(): string[] {
  return ['vega', 'vega-lite', 'vega-embed'].map((name) =>
    readFileSync(new URL(`./${name}.min.js`, import.meta.resolve(name)), 'utf8'),
  );
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
