/** What charts share beside their colours: the schema, room for two widths, captions that wrap, and a sentence in place of a chart. */

import type { TopLevelSpec } from 'vega-lite';
import type { Field, PositionFieldDef } from 'vega-lite/types_unstable/channeldef.js';
import type { LayerSpec, NonNormalizedSpec } from 'vega-lite/types_unstable/spec/index.js';

/** The schema that every specification names. */
export const VEGA_LITE = 'https://vega.github.io/schema/vega-lite/v6.json';

/** 'wide' for slides and pages, 'narrow' for a phone: panels below one another, shorter lines. */
export type ChartLayout = 'wide' | 'narrow';

/** An axis of a chart, as charts define it once and use it in several layers. */
export type Position = PositionFieldDef<string>;

/** One layer of a chart: its mark and what that shows. */
export type Layer = LayerSpec<Field>['layer'][number];

/** One of several charts below one another, with its heading. */
export interface Panel {
  title: string;
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

/** Panels below one another, each with a heading of its own. */
export function stacked(panels: readonly Panel[]): NonNormalizedSpec[] {
  return panels.map(({ title, chart }) => ({
    ...chart,
    title: { text: title, anchor: 'start', fontSize: 12, fontWeight: 'normal', offset: 4 },
  }));
}

/** Title and subtitle that fit a layout. */
export function heading(text: string, subtitle: readonly string[], layout: ChartLayout) {
  const [titleWidth, lineWidth] = layout === 'wide' ? [90, 130] : [38, 56];
  // A number stays with its percent sign.
  const kept = text.replaceAll(' %', '\u00a0%');
  return { text: wrap(kept, titleWidth), subtitle: subtitle.flatMap((line) => wrap(line, lineWidth)) };
}

/** Where there is nothing to draw: sentences that say why, never an empty frame. */
export function sentenceChart(sentences: readonly string[], layout: ChartLayout = 'wide'): TopLevelSpec {
  const text = sentences.flatMap((line) => wrap(line, layout === 'wide' ? 100 : 46));
  return {
    $schema: VEGA_LITE,
    data: { values: [{}] },
    width: layout === 'wide' ? 640 : 330,
    height: 40 + 18 * text.length,
    view: { stroke: null },
    mark: { type: 'text', text, align: 'left', x: 10, y: 20, fontSize: 13, lineHeight: 18 },
  };
}
