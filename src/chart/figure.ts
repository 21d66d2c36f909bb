/** The report's figure with the local machine in it: a dot for each kernel and figure, and the factor between them. */

import type { TopLevelSpec } from 'vega-lite';
import type { NonNormalizedSpec } from 'vega-lite/types_unstable/spec/index.js';
import { HEADLINE_TFLOPS } from '../compare/claims.ts';
import { findingOf, headline } from '../compare/finding.ts';
import { isBurst } from '../compare/published-timing.ts';
import { formatRate } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { formatHeads } from '../problem/workload.ts';
import { BACKEND_LABELS } from '../record/backend.ts';
import type { RunDocument } from '../record/measurement.ts';
import { reasonsOf } from '../record/unmeasured.ts';
import { type Dot, dotsOf, groupsOf, type Link, linksOf, ONE_SAMPLE } from './figure-rows.ts';
import {
  CHART_WIDTH,
  type ChartLayout,
  decades,
  heading,
  type Layer,
  logTflops,
  masksOf,
  type Position,
  sentenceChart,
  VEGA_LITE,
  valueWidth,
} from './frame.ts';
import { linesHere } from './measured-points.ts';
import { seriesScale } from './palette.ts';

const TEXT_SIZE = 10;
/** Pixels of the names of rows beside a wide panel, and between two panels. */
const NAMES = 128;
const GAP = 24;

/**
 * The kernels of a run beside the figures that it is compared with: a panel for each mask, a group of rows for each length, a
 * dot for each rate on a logarithmic scale. Between the fastest kernel of a group and its reference stands the factor.
 */
export function figureChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const dots = dotsOf(run);
  const finding = findingOf(run);
  if (finding === null) return sentenceChart([nothingToDraw.figure, ...reasonsOf(run.measurements)], layout);
  const masks = masksOf(dots);
  const links = linksOf(run, dots);
  const narrow = layout === 'narrow';
  const inner = CHART_WIDTH[layout] - (narrow ? 12 : NAMES + (masks.length - 1) * GAP);
  const width = narrow ? inner : Math.floor(inner / masks.length);
  const domain = domainWith(dots, width, narrow);
  // Panels share their colours: one may lack a series that another has.
  const scale = seriesScale(dots.map(({ series }) => series));
  const panels = masks.map((mask, index) =>
    panel(
      mask,
      dots.filter((dot) => dot.mask === mask),
      links.filter((link) => link.mask === mask),
      // Panels side by side share their rows, so that those of one length stand at one height.
      groupsOf(narrow ? dots.filter((dot) => dot.mask === mask) : dots),
      { width, domain, names: index === 0, narrow, scale },
    ),
  );
  return {
    $schema: VEGA_LITE,
    title: heading(headline(finding), caption(run, dots), layout),
    ...(narrow ? { vconcat: panels } : { hconcat: panels }),
    spacing: GAP,
  };
}

interface Look {
  width: number;
  domain: [number, number];
  /** Whether the rows are named beside the panel; narrow panels name them above the dots. */
  names: boolean;
  narrow: boolean;
  /** The colours of all series of the chart. */
  scale: ReturnType<typeof seriesScale>;
}

function panel(
  mask: string,
  dots: readonly Dot[],
  links: readonly Link[],
  groups: ReturnType<typeof groupsOf>,
  { width, domain, names, narrow, scale }: Look,
): NonNormalizedSpec {
  const labels = new Map(groups.flatMap(({ rows }) => rows.map(({ row, name }) => [row, name])));
  const headings = groups.map(({ heading: row }) => row);
  const rows = groups.flatMap(({ heading: row, rows: own }) => [row, ...own.map((item) => item.row)]);
  // A table, not one condition in another: Vega's parser would overflow the stack at a thousand rows.
  const named = `{${[...labels].map(([row, name]) => `${JSON.stringify(row)}: ${JSON.stringify(name)}`).join(', ')}}`;
  const isHeading = `indexof(${JSON.stringify(headings)}, datum.value) >= 0`;
  const y = {
    field: 'row',
    type: 'nominal',
    sort: null,
    scale: { domain: rows, paddingInner: 0, paddingOuter: 0.2 },
    title: null,
    axis: narrow
      ? null
      : {
          labels: names,
          labelExpr: `${named}[datum.value] || datum.value`,
          labelLimit: NAMES + 60,
          minExtent: names ? NAMES - 6 : 0,
          labelFontWeight: { condition: { test: isHeading, value: 'bold' }, value: 'normal' },
          ticks: false,
          domain: false,
          grid: false,
        },
  } satisfies Position;
  const tflops = dots.map((dot) => dot.tflops);
  const values = decades(Math.min(...tflops) * 9, Math.max(...tflops) * 1.5);
  const x = {
    ...logTflops(values),
    scale: { type: 'log', domain, nice: false },
    // The names of narrow rows stand in the panel, where lines would strike them.
    axis: { format: '~g', values, grid: !narrow, labelOverlap: true, labelSeparation: 5 },
  } satisfies Position;
  const color = { field: 'name', scale, legend: null };
  const dy = narrow ? 6 : 0;
  const tooltip = [
    { field: 'name', title: 'series' },
    { field: 'label', title: 'throughput' },
    { field: 'detail', title: 'from' },
  ];
  const own = (values: object[]) => ({ data: { values } });
  const text = { type: 'text', fontSize: TEXT_SIZE, baseline: 'middle' } as const;
  const here = dots.filter(({ local }) => local);
  const headlineDot = dots.find(
    ({ series, tflops, local }) => !local && series === 'AVO' && tflops === HEADLINE_TFLOPS,
  );
  return {
    width,
    height: { step: narrow ? 27 : 17 },
    view: { stroke: null },
    layer: [
      {
        ...own([{}]),
        mark: { type: 'text', align: 'left', baseline: 'bottom', x: 0, y: -5, fontSize: 12 },
        encoding: { text: { value: `${mask} mask` } },
      },
      ...(headlineDot === undefined ? [] : headlineLayers(headlineDot, x, width)),
      {
        ...own([...links]),
        mark: { type: 'rule', strokeWidth: 1, strokeDash: [1, 3], yOffset: dy },
        encoding: { y, x, x2: { field: 'to' } },
      },
      {
        ...own([...links]),
        // In a narrow panel names stand above their dots, so the factor goes to the end of its line.
        mark: { ...text, fontWeight: 'bold', dy: dy - 7, ...(narrow ? { align: 'right', dx: -8 } : {}) },
        encoding: { y, x: { ...x, field: narrow ? 'to' : 'middle' }, text: { field: 'text' } },
      },
      {
        ...own([...dots]),
        mark: { type: 'rule', yOffset: dy },
        encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
      },
      {
        ...own(dots.map((dot) => ({ ...dot, name: dot.series }))),
        mark: { type: 'point', filled: false, size: 50, strokeWidth: 2, opacity: 1, yOffset: dy },
        encoding: {
          y,
          x,
          stroke: color,
          fill: { condition: { test: 'datum.samples === 1', value: 'transparent' }, ...color },
          tooltip,
        },
      },
      ...(narrow
        ? [
            {
              ...own(dots.map((dot) => ({ ...dot, text: `${dot.name}  ${dot.label}` }))),
              mark: { ...text, align: 'left', x: 0, dy: -7 },
              encoding: { y, text: { field: 'text' } },
            } satisfies Layer,
            {
              ...own(headings.map((row) => ({ row }))),
              mark: { ...text, align: 'left', x: 0, dy: 5, fontSize: 12, fontWeight: 'bold' },
              encoding: { y, text: { field: 'row' } },
            } satisfies Layer,
          ]
        : [
            {
              ...own(here),
              mark: { ...text, align: 'right', dx: -8 },
              encoding: { y, x: { ...x, field: 'low' }, text: { field: 'label' } },
            } satisfies Layer,
            {
              ...own(dots.filter(({ local }) => !local)),
              mark: { ...text, align: 'left', dx: 8 },
              encoding: { y, x: { ...x, field: 'high' }, text: { field: 'label' } },
            } satisfies Layer,
          ]),
    ],
  };
}

/** The dashed line of AVO's published 1668 TFLOPS and its name, above the panel. */
function headlineLayers(dot: Dot, x: Position, width: number): Layer[] {
  const data = { values: [dot] };
  const color = '#D55E00';
  return [
    { data, mark: { type: 'rule', strokeDash: [4, 3], color }, encoding: { x } },
    {
      data,
      mark: { type: 'text', align: 'right', baseline: 'bottom', x: width, y: -5, fontSize: TEXT_SIZE, color },
      encoding: { text: { value: `dashed: AVO's published ${formatRate(HEADLINE_TFLOPS)} on a B200` } },
    },
  ];
}

/** The scale that leaves room for the values of the local dots on its left and of the published ones on its right. */
function domainWith(dots: readonly Dot[], width: number, narrow: boolean): [number, number] {
  const widest = (own: readonly Dot[]) => 14 + Math.max(0, ...own.map(({ label }) => valueWidth(label, TEXT_SIZE)));
  const left = narrow ? 10 : widest(dots.filter(({ local }) => local));
  const right = narrow ? 10 : widest(dots.filter(({ local }) => !local));
  const [least, most] = [Math.min(...dots.map(({ low }) => low)), Math.max(...dots.map(({ high }) => high))];
  const perPixel = Math.max(1, Math.log10(most / least)) / (width - left - right);
  return [least / 10 ** (perPixel * left), most * 10 ** (perPixel * right)];
}

/** Lines under the title: what the marks are, the machine and the shape, the sources. */
function caption(run: RunDocument, dots: readonly Dot[]): string[] {
  const devices = run.context.devices.map(
    ({ name, backend, software }) => `${BACKEND_LABELS[backend]} on ${name}${software ? ' (software adapter)' : ''}`,
  );
  const workloads = run.measurements.flatMap((m) => (m.state === 'measured' ? [m.workload] : []));
  const unique = (texts: readonly string[]) => [...new Set(texts)];
  const shapes = unique(workloads.map((w) => `${formatHeads(w)}, d ${w.headDim}, ${w.dtype}`));
  const figures = run.comparisons.flatMap(({ published }) => (published === null ? [] : [published]));
  const sources = unique(figures.map(({ source, device }) => `${source} (${device})`));
  const bursts = figures.some(isBurst) ? ', in bursts of some milliseconds' : '';
  const few = dots.some(({ samples }) => samples === 1) ? ` Hollow: ${ONE_SAMPLE}, so no spread is known.` : '';
  return [
    `Here: ${unique(devices).join('; ')}; ${shapes.length > 2 ? `${shapes.length} shapes` : shapes.join(' and ')}.`,
    ...(sources.length === 0 ? [] : [`Published, BF16 or FP16${bursts}: ${sources.join('; ')}.`]),
    `Lines through dots: ${linesHere(run)}; error bars as published. Bold: how many times faster the published figure is.${few}`,
  ];
}
