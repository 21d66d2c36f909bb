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
  type Layer,
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
  const rows = [
    end(`${found.hereName} here`, found.here, 'measured here'),
    ...steps,
    end(found.publishedName, found.published, 'published'),
  ].map((row) => {
    const source = row.source === '' ? [] : wrap(`Source: ${row.source}`, characters);
    const lines = narrow ? wrap(row.text, characters) : [...wrap(row.text, characters), ...source];
    return { ...row, lines: row.source === '' ? [] : lines, high: Math.max(row.from, row.to) };
  });
  const most = Math.max(...rows.map(({ lines }) => lines.length));
  const step = (narrow ? LINE : 0) + most * LINE + BAR + 12;
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
  const y = {
    field: 'name',
    type: 'nominal',
    sort: null,
    scale: { paddingInner: 0, paddingOuter: 0 },
    title: null,
    axis: narrow
      ? null
      : {
          grid: false,
          ticks: false,
          domain: false,
          labelLimit: NAMES + 40,
          minExtent: NAMES - 6,
          labelFontWeight: 'bold',
          labelOffset: step / 2 - BAR / 2 - 4,
        },
  } satisfies Position;
  // Texts stand above the bar, in the upper part of their row.
  const down = step / 2 - BAR / 2 - 4;
  const above = -step / 2 + 5;
  const tooltip = ['name', 'times', 'text', 'source'].map((field) => ({ field }));
  const lines: Layer = {
    mark: {
      ...{ type: 'text', align: 'left', baseline: 'top', x: 0, fontSize: TEXT_SIZE, lineHeight: LINE },
      dy: above + (narrow ? LINE : 0),
    },
    encoding: { y, text: { field: 'lines' } },
  };
  const names: Layer = {
    mark: { type: 'text', align: 'left', baseline: 'top', x: 0, dy: above, fontSize: 11, fontWeight: 'bold' },
    encoding: { y, text: { field: 'name' } },
  };
  return {
    $schema: VEGA_LITE,
    title: heading(
      `Why ${formatFactor(found.ratio)} times: ${productText(found)}`,
      [
        headline(finding),
        'Each bar multiplies the rate by its factor, in blue upwards and in orange downwards; the product of all is the ratio.',
      ],
      layout,
    ),
    data: { values: rows },
    width,
    height: { step },
    view: { stroke: null },
    layer: [
      {
        mark: { type: 'bar', height: BAR, yOffset: down, minBandSize: BAR },
        encoding: { y, x, x2: { field: 'to' }, color: { field: 'color', type: 'nominal', scale: null }, tooltip },
      },
      {
        transform: [{ filter: 'datum.from === datum.to' }],
        mark: { type: 'point', filled: true, size: 70, opacity: 1, yOffset: down, color: '#888888' },
        encoding: { y, x, tooltip },
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 7, dy: down, fontWeight: 'bold', fontSize: 11 },
        encoding: { y, x: { ...x, field: 'high' }, text: { field: 'times' } },
      },
      lines,
      ...(narrow ? [names] : []),
    ],
  };
}
