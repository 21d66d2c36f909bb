/** What charts share apart from colours: types, two layouts, wrapped captions, and a text in place of a chart. */

import type { TopLevelSpec } from 'vega-lite';
import type { Field, PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import type { LayerSpec, NonNormalizedSpec } from 'vega-lite/types_unstable/spec/index.js';
import { SUBTITLE_SIZE, TITLE_SIZE } from './theme.ts';

/** The schema named by every specification. */
export const VEGA_LITE = 'https://vega.github.io/schema/vega-lite/v6.json';

/** 'wide' for slides and pages; 'narrow' for a phone, with stacked panels and shorter lines. */
export type ChartLayout = 'wide' | 'narrow';

/** The x or y of a chart, defined once and used in several layers. */
export type Position = PositionFieldDef<string>;

/** The data of a mark that is drawn once, not for each row. */
export const ONCE = { values: [{}] };

/** One layer of a chart: a mark and its encoding. */
export type Layer = LayerSpec<Field>['layer'][number];

/** One of several stacked charts, with its heading. */
export interface Panel {
  title: string | string[];
  chart: NonNormalizedSpec;
}

/** Breaks text at spaces into lines of at most `width` characters; longer words are cut. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of text.split(' ')) {
    const part = word.length > width ? `${word.slice(0, width - 1)}…` : word;
    if (current.length + part.length + 1 > width && current !== '') {
      lines.push(current);
      current = part;
    } else {
      current = current === '' ? part : `${current} ${part}`;
    }
  }
  return [...lines, current];
}

/** The powers of ten from below `least` to `most`: grid lines of a logarithmic axis. */
export function decades(least: number, most: number): number[] {
  const first = Math.floor(Math.log10(least));
  const last = Math.floor(Math.log10(most));
  return Array.from({ length: last - first + 1 }, (_, i) => Number((10 ** (first + i)).toPrecision(1)));
}

/** The TFLOPS of a chart, logarithmic, with a grid line for each of `values`. */
export function logTflops(values: number[]) {
  return {
    field: 'tflops',
    type: 'quantitative',
    scale: { type: 'log' },
    title: 'TFLOPS (log scale)',
    axis: { format: '~g', values },
  } satisfies Position;
}

/** The sequence lengths of a bar chart, in the order given. */
export function lengthAxis(lengths: string[]) {
  return {
    field: 'seq',
    type: 'nominal',
    sort: lengths,
    title: 'sequence length',
    axis: { labelAngle: 0 },
  } satisfies Position;
}

/** The masks that occur in `rows`, the full one first. */
export function masksOf(rows: readonly { mask: string }[]): string[] {
  return ['full', 'causal'].filter((mask) => rows.some((row) => row.mask === mask));
}

/** A panel for each mask. */
export function maskFacet(masks: string[]) {
  return { field: 'mask', sort: masks, title: null, header: { labelExpr: "datum.value + ' mask'" } };
}

/** Panels as the parts of a vertical concatenation, each under its heading. */
export function stacked(panels: readonly Panel[]): NonNormalizedSpec[] {
  return panels.map(({ title, chart }) => ({
    ...chart,
    title: { text: title, anchor: 'start', fontSize: 12, fontWeight: 'normal', offset: 4 },
  }));
}

/** Pixels from the left edge of a chart to its right one, which titles fill and none goes beyond. */
export const CHART_WIDTH: Record<ChartLayout, number> = { wide: 840, narrow: 340 };

/** Mean width of a character in ems, regular and bold; the renderer measures text by the same. */
export const ADVANCE = { regular: 0.53, bold: 0.56 } as const;

/** Title and subtitle, wrapped to `width` pixels. */
export function heading(text: string, subtitle: readonly string[], layout: ChartLayout, width = CHART_WIDTH[layout]) {
  const characters = (size: number, advance: number) => Math.floor(width / (size * advance));
  const lines = (line: string) => wrap(keepUnits(line), characters(SUBTITLE_SIZE, ADVANCE.regular));
  return {
    text: wrap(keepUnits(text), characters(TITLE_SIZE, ADVANCE.bold)),
    subtitle: subtitle.flatMap(lines),
  };
}

/** The same text with each number and its unit on one line. */
const keepUnits = (text: string) => text.replaceAll(/(\d) (%|[a-zA-Z]?FLOPS|times)/g, '$1\u00a0$2');

/** Pixels that a value with its unit takes: digits and capitals are wider than the mean. */
export const valueWidth = (text: string, size: number) => text.length * size * 0.62;

/** Says why there is nothing to draw, in place of an empty frame. */
export function sentenceChart(sentences: readonly string[], layout: ChartLayout = 'wide'): TopLevelSpec {
  const text = sentences.flatMap((line) => wrap(line, layout === 'wide' ? 100 : 46));
  return {
    $schema: VEGA_LITE,
    data: ONCE,
    width: layout === 'wide' ? 640 : 330,
    height: 40 + 18 * text.length,
    view: { stroke: null },
    usermeta: { sentence: sentences.join(' ') },
    mark: { type: 'text', text, align: 'left', x: 10, y: 20, fontSize: 13, lineHeight: 18 },
  };
}

/** What a chart says in place of a drawing; null where it draws something. */
export function sentenceOf({ usermeta }: TopLevelSpec): string | null {
  const sentence = usermeta?.['sentence'];
  return typeof sentence === 'string' ? sentence : null;
}
