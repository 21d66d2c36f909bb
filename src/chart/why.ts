/** Why the distance is what it is: a waterfall of the factors whose product it is, from the rate here to the published one. */

import type { TopLevelSpec } from 'vega-lite';
import { findingOf, headline } from '../compare/finding.ts';
import { formatFactor, formatRate } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { decompose, productText } from '../model/decomposition.ts';
import type { RunDocument } from '../record/measurement.ts';
import {
  ADVANCE,
  CHART_WIDTH,
  type ChartLayout,
  decades,
  heading,
  logTflops,
  type Position,
  sentenceChart,
  VEGA_LITE,
  wrap,
} from './frame.ts';

const [MORE, LESS] = ['#0072B2', '#D55E00'];
const TEXT_SIZE = 10;
const LINE = 13;
/** Pixels of the names beside wide bars, and of a bar. */
const NAMES = 132;
const BAR = 13;

/** The factors of a run's distance on a logarithmic axis; a sentence where it cannot be taken apart. */
export function whyChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const finding = findingOf(run);
  if (finding === null) return sentenceChart([nothingToDraw.distance], layout);
  const found = decompose(finding);
  if (typeof found === 'string') return sentenceChart([nothingToDraw.why(found)], layout);
  const narrow = layout === 'narrow';
  const width = CHART_WIDTH[layout] - (narrow ? 8 : NAMES);
  const characters = Math.floor((width - 4) / (TEXT_SIZE * ADVANCE.regular));
  let reached = found.here;
  const steps = found.factors.map(({ name, factor, text, source }) => {
    const from = reached;
    reached *= factor;
    const times = `×${formatFactor(factor)}`;
    return { name, times, from, to: reached, color: factor >= 1 ? MORE : LESS, text, source };
  });
  const end = (name: string, tflops: number, text: string) => ({
    ...{ name, times: formatRate(tflops), from: tflops, to: tflops, color: '#888888', text, source: '' },
  });
  const texts = [
    end(`${found.hereName} here`, found.here, 'measured here'),
    ...steps,
    end(found.publishedName, found.published, 'published'),
  ].map((row) => {
    const source = row.source === '' ? [] : wrap(`Source: ${row.source}`, characters);
    const lines = narrow ? wrap(row.text, characters) : [...wrap(row.text, characters), ...source];
    return { ...row, lines: row.source === '' ? [] : lines, high: Math.max(row.from, row.to) };
  });
  // Each row is as high as its texts: in pixels, the middle of its bar and the top of its texts.
  let height = 6;
  const rows = texts.map((row) => {
    const bar = height + (narrow ? LINE + 4 : 0) + BAR / 2;
    const below = bar + BAR / 2 + 4;
    height = below + row.lines.length * LINE + 9;
    return { ...row, bar, below };
  });
  const ends = rows.flatMap(({ from, to }) => [from, to]);
  const [least, top] = [Math.min(...ends), Math.max(...ends)];
  const room = (top / least) ** (80 / (width - 80));
  const x = {
    ...logTflops(decades(least * 9, top)),
    scale: { type: 'log', domain: [least / 1.3, top * room], nice: false },
    field: 'from',
    // Lines of the grid would strike the texts.
    axis: { format: '~g', values: decades(least * 9, top), grid: false },
  } satisfies Position;
  const y = { field: 'bar', type: 'quantitative', scale: null, title: null, axis: null } satisfies Position;
  const tooltip = ['name', 'times', 'text', 'source'].map((field) => ({ field }));
  return {
    $schema: VEGA_LITE,
    title: heading(
      // A factor keeps to the line of its name.
      `Why ${formatFactor(found.ratio)} times: ${productText(found).replaceAll(/ (?=[\d=])/g, '\u00a0')}`,
      [
        headline(finding),
        'Each bar multiplies the rate by its factor, in blue upwards and in orange downwards; the product of all is the ratio.',
      ],
      layout,
    ),
    data: { values: rows },
    width,
    height,
    view: { stroke: null },
    layer: [
      {
        mark: { type: 'bar', orient: 'horizontal', height: BAR },
        encoding: { y, x, x2: { field: 'to' }, color: { field: 'color', type: 'nominal', scale: null }, tooltip },
      },
      {
        transform: [{ filter: 'datum.from === datum.to' }],
        mark: { type: 'point', filled: true, size: 70, opacity: 1, color: '#888888' },
        encoding: { y, x, tooltip },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 7, fontWeight: 'bold', fontSize: 11 },
        encoding: { y, x: { ...x, field: 'high' }, text: { field: 'times' } },
      },
      {
        mark: narrow
          ? { ...{ type: 'text', align: 'left', x: 0 }, dy: -BAR / 2 - 9, fontSize: 11, fontWeight: 'bold' }
          : { type: 'text', align: 'right', baseline: 'middle', x: -8, fontSize: 11, fontWeight: 'bold' },
        encoding: { y, text: { field: 'name' } },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'top', x: 0, fontSize: TEXT_SIZE, lineHeight: LINE },
        encoding: { y: { ...y, field: 'below' }, text: { field: 'lines' } },
      },
    ],
  };
}
