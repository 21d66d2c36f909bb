/** Draws charts in the page without evaluating text as code, which the page's policy forbids. */

import { parse, View } from 'vega';
import { expressionInterpreter } from 'vega-interpreter';
import { compile, type TopLevelSpec } from 'vega-lite';
import { allCharts } from '../chart/all.ts';
import { sentenceOf } from '../chart/frame.ts';
import { themed } from '../chart/theme.ts';
import type { RunDocument } from '../record/measurement.ts';
import { element } from './dom.ts';
import { inPageWords } from './words.ts';

/** Charts that suit every run; the others are for searches and ablations. */
const SHOWN = ['figure', 'why', 'distance', 'efficiency', 'scaling', 'roofline', 'samples'];
/** Those that only some runs have, left out of others. */
const SOME = ['sustained'];
const dark = matchMedia('(prefers-color-scheme: dark)');

let views: View[] = [];
/** The figure chart as it is drawn, for saving. */
let figure: View | undefined;
let drawing = 0;

function viewOf(specification: TopLevelSpec, container: HTMLElement): View {
  const { spec } = compile(themed(specification, dark.matches ? 'dark' : 'light'));
  // With `ast`, expressions stay trees for the interpreter and never become functions.
  const runtime = parse(spec, undefined, { ast: true });
  return new View(runtime, { expr: expressionInterpreter, renderer: 'svg', container, hover: true });
}

/** Draws the charts of a run for the width of `container`, in place of earlier ones. */
export async function drawCharts(run: RunDocument, container: HTMLElement): Promise<void> {
  drawing += 1;
  const own = drawing;
  const layout = container.clientWidth < 700 ? 'narrow' : 'wide';
  const made: View[] = [];
  let madeFigure: View | undefined;
  const figures: HTMLElement[] = [];
  for (const { name, draw } of allCharts(run, 'avo', [], null).filter((chart) =>
    [...SHOWN, ...SOME].includes(chart.name),
  )) {
    const specification = draw(layout);
    const sentence = sentenceOf(specification);
    if (sentence !== null && SOME.includes(name)) continue;
    const box = element('figure');
    box.setAttribute('aria-label', `Chart: ${name}`);
    figures.push(box);
    if (sentence !== null) {
      // Why there is nothing to draw is no picture.
      box.append(element('p', inPageWords(sentence)));
      continue;
    }
    const view = viewOf(specification, box);
    await view.runAsync();
    made.push(view);
    if (name === 'figure') madeFigure = view;
  }
  // This drawing is out of date if another one has begun meanwhile.
  if (own !== drawing) {
    for (const view of made) view.finalize();
    return;
  }
  for (const view of views) view.finalize();
  views = made;
  figure = madeFigure;
  container.replaceChildren(...figures);
}

/** The figure chart as a PNG at twice its size; undefined if none is drawn. */
export async function figurePng(): Promise<Blob | undefined> {
  const canvas = await figure?.toCanvas(2);
  return canvas === undefined
    ? undefined
    : new Promise((resolve) => canvas.toBlob((blob) => resolve(blob ?? undefined), 'image/png'));
}

/** Calls `redraw` when charts need another theme or another width. */
export function onRedraw(redraw: () => void): void {
  let width = innerWidth;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  dark.addEventListener('change', redraw);
  addEventListener('resize', () => {
    if (innerWidth === width) return;
    width = innerWidth;
    clearTimeout(waiting);
    waiting = setTimeout(redraw, 200);
  });
}
