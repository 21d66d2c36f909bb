/** The report as one HTML file that needs no network: answer, charts and tables, for screens, phones and paper. */

import { THEME_CSS } from '../chart/theme.ts';
import type { Section } from './sections.ts';

/** A chart of the page: specifications for two widths, and a picture in case no script runs. */
export interface PageChart {
  name: string;
  heading: string;
  wide: object;
  narrow: object;
  svg: string;
}

/** One run of the report: its answer, charts and sections. */
export interface PageRun {
  name: string;
  answer: string;
  charts: readonly PageChart[];
  sections: readonly Section[];
}

/** What the page needs to draw charts by itself. */
export interface PageParts {
  /** Sections after all runs. */
  closing: readonly Section[];
  /** Text of the chart libraries. */
  scripts: readonly string[];
  /** Chart configurations of the two themes. */
  themes: { light: object; dark: object };
}

/** The same text with a value, its ± and its unit never on two lines. */
const keepTogether = (text: string) => text.replaceAll(/ (?=[%±])|(?<=±) /g, '\u00a0');

const escapes: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
/** JSON for a script element, which no tag in it can end. */
const json = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c');

/** The report of one or several runs as an HTML document. Names and text are escaped. */
export function reportHtml(runs: readonly PageRun[], { closing, scripts, themes }: PageParts): string {
  const charts = runs.flatMap((run) => run.charts);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>attnbench report</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>How fast is attention here?</h1>
${runs.map((run) => runHtml(run, charts, runs.length > 1)).join('\n')}
${closing.map(sectionHtml).join('\n')}
<footer>Made by attnbench. Everything on this page is in this file.</footer>
</main>
<script type="application/json" id="charts">${json(charts.map(({ wide, narrow }) => ({ wide, narrow })))}</script>
<script type="application/json" id="themes">${json(themes)}</script>
${scripts.map((script) => `<script>${script.replaceAll('</script', '<\\/script')}</script>`).join('\n')}
<script>${DRAW}</script>
</body>
</html>
`;
}

/** Charts that stand before the table. */
const LEADING: ReadonlySet<string> = new Set(['figure', 'why']);

function runHtml(run: PageRun, all: readonly PageChart[], named: boolean): string {
  const figureHtml = (chart: PageChart) =>
    `<figure data-chart="${all.indexOf(chart)}" id="chart-${all.indexOf(chart)}">
<div class="picture" role="img" aria-label="${escapeHtml(`Chart: ${chart.heading}`)}">${chart.svg}</div>
<div class="drawn"></div>
</figure>`;
  // The answer, why, the numbers; then all else.
  const leads = run.charts.filter(({ name }) => LEADING.has(name));
  const others = run.charts.filter(({ name }) => !LEADING.has(name));
  const [first, ...rest] = run.sections;
  return `<article>
${named ? `<h2>${escapeHtml(run.name)}</h2>` : ''}
<p class="answer">${escapeHtml(keepTogether(run.answer))}</p>
${leads.map(figureHtml).join('\n')}
${first === undefined ? '' : sectionHtml(first)}
${others.map(figureHtml).join('\n')}
${rest.map(sectionHtml).join('\n')}
</article>`;
}

/** Characters from which a cell is a sentence. */
const SENTENCE = 90;

function sectionHtml({ title, table, lines = [] }: Section): string {
  const [header = [], ...body] = table ?? [];
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${escapeHtml(keepTogether(cell))}</${tag}>`).join('')}</tr>`;
  // Sentences wrap and, on a phone, stand below one another; numbers keep to their line.
  const prose = header.length > 2 && body.some((cells) => cells.some((cell) => cell.length > SENTENCE));
  const kind = prose ? ' class="prose"' : header.length > 3 ? ' class="figures"' : '';
  const rows = body.map((cells) => row(cells, 'td')).join('\n');
  const tableHtml =
    table === undefined
      ? ''
      : `<p class="hint">The table goes on to the right: scroll it sideways.</p>
<div class="scroll" tabindex="0"><table${kind}><thead>${row(header, 'th')}</thead><tbody>\n${rows}\n</tbody></table></div>`;
  const list = lines.length === 0 ? '' : `<ul>${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join('\n')}</ul>`;
  return `<section><h3>${escapeHtml(title)}</h3>\n${tableHtml}\n${list}</section>`;
}

const STYLE = `
${THEME_CSS}* { box-sizing: border-box; }
body { margin: 0; background: var(--background); color: var(--ink); font: 16px/1.5 Inter, system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; margin: 0 0 0.5rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 0.5rem; }
h3 { font-size: 1.05rem; margin: 2rem 0 0.5rem; }
.answer { font-size: 1.2rem; line-height: 1.45; background: var(--card); padding: 1rem; border-radius: 8px; margin: 0 0 1.5rem; overflow-wrap: anywhere; }
figure { margin: 0 0 2.5rem; max-width: 100%; overflow-x: auto; }
.picture svg { width: 100%; height: auto; background: #ffffff; }
.drawn { width: 100%; }
.drawn svg { width: 100%; height: auto; }
.drawn:empty, figure.ready .picture { display: none; }
.scroll { overflow-x: auto; }
.hint { display: none; margin: 0.3rem 0; color: var(--faint); font-size: 0.85rem; }
.hint.needed { display: block; }
table { border-collapse: collapse; font-size: 0.85rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.3rem 0.7rem 0.3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { max-width: 34rem; overflow-wrap: anywhere; }
th, td:first-child, .figures td { white-space: nowrap; }
.prose td { max-width: none; overflow-wrap: break-word; }
.prose td:first-child { white-space: normal; width: 27%; }
.prose td:nth-child(2) { width: 20%; }
@media screen and (max-width: 700px) {
  .prose thead { display: none; }
  .prose tr { display: block; padding: 0.4rem 0; border-bottom: 1px solid var(--line); }
  .prose td, .prose td:first-child, .prose td:nth-child(2) { display: block; width: auto; padding: 0.1rem 0; border: 0; }
  .prose td:first-child { font-weight: bold; }
}
ul { padding-left: 1.2rem; margin: 0.7rem 0; color: var(--faint); font-size: 0.9rem; overflow-wrap: anywhere; }
footer { margin-top: 3rem; color: var(--faint); font-size: 0.85rem; }
@media print {
  @page { margin: 12mm; }
  :root { --background: #ffffff; --ink: #000000; --faint: #444444; --line: #cccccc; --card: #ffffff; }
  html { font-size: 10pt; }
  body { font-size: 1rem; }
  main { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
  figure, tr { break-inside: avoid; }
  .answer { padding: 0; }
  .scroll { overflow: visible; }
  .hint.needed { display: none; }
  table { font-size: 7.5pt; width: 100%; }
  .figures { font-size: 6.5pt; }
  th, td:first-child, .figures td { white-space: normal; overflow-wrap: break-word; }
  th, td { padding-right: 0.3rem; }
  .figures th, .figures td { padding-right: 0.2rem; }
}
`;

/** Draws every chart for its width and theme, and again when either changes. If it cannot, the picture stays. */
const DRAW = `
const charts = JSON.parse(document.getElementById('charts').textContent);
const themes = JSON.parse(document.getElementById('themes').textContent);
const dark = matchMedia('(prefers-color-scheme: dark)');
const paper = matchMedia('print');
let drawnAs = '';
function hint() {
  for (const box of document.querySelectorAll('.scroll'))
    box.previousElementSibling.classList.toggle('needed', box.scrollWidth > box.clientWidth + 1);
}
function draw() {
  hint();
  const narrow = document.querySelector('main').clientWidth < 700 && !paper.matches;
  const theme = dark.matches && !paper.matches ? 'dark' : 'light';
  if (drawnAs === theme + narrow) return;
  drawnAs = theme + narrow;
  for (const figure of document.querySelectorAll('figure')) {
    const chart = charts[Number(figure.dataset.chart)];
    const specification = narrow ? chart.narrow : chart.wide;
    const config = { ...themes[theme], ...specification.config };
    vegaEmbed(figure.querySelector('.drawn'), { ...specification, config }, { renderer: 'svg', actions: false })
      .then(() => figure.classList.add('ready'), (error) => console.error(error));
  }
}
for (const media of [dark, paper]) media.addEventListener('change', draw);
addEventListener('resize', draw);
draw();
`;
