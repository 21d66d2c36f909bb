/** Throughput against sequence length, here and published, on logarithmic axes. */

import type { TopLevelSpec } from 'vega-lite';
import { type PublishedSet, publishedFigures, seriesOf } from '../compare/published-figures.ts';
import { formatChange, formatRate } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { formatSize, type Workload } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';
import {
  type ChartLayout,
  decades,
  heading,
  logTflops,
  maskFacet,
  masksOf,
  type Position,
  sentenceChart,
  VEGA_LITE,
} from './frame.ts';
import { localPoints } from './measured-points.ts';
import { seriesScale } from './palette.ts';

interface Row {
  series: string;
  seq: number;
  mask: string;
  tflops: number;
  low: number;
  high: number;
  label: string;
}

/** TFLOPS by sequence length for each kernel and matching figure; a sentence if the run has only one length. */
export function scalingChart(run: RunDocument, set: PublishedSet, layout: ChartLayout = 'wide'): TopLevelSpec {
  const points = localPoints(run);
  const lengths = [...new Set(points.map(({ workload }) => workload.seqKv))].sort((a, b) => a - b);
  if (lengths.length < 2) {
    return sentenceChart([nothingToDraw.scaling], layout);
  }
  const several = new Set(points.map(({ workload }) => shape(workload))).size > 1;
  const local = points.map(({ kernel, workload, tflops, low, high }): Row => {
    const series = several ? `${kernel} ${shape(workload)}` : kernel;
    return { series, ...row(workload, tflops, low, high) };
  });
  const workloads = points.map(({ workload }) => workload);
  const published = publishedFigures(set)
    .filter(({ workload }) => workloads.some((w) => shape(w) === shape(workload)))
    .map((figure): Row => {
      const error = figure.error ?? 0;
      const name = several ? `${seriesOf(figure)} ${shape(figure.workload)}` : seriesOf(figure);
      return { series: name, ...row(figure.workload, figure.tflops, figure.tflops - error, figure.tflops + error) };
    });
  const rows = [...published, ...local];
  const values = [...new Set(rows.map(({ seq }) => seq))].sort((a, b) => a - b);
  const masks = masksOf(rows);
  const x = {
    field: 'seq',
    type: 'quantitative',
    scale: { type: 'log', base: 2, nice: false },
    title: 'sequence length',
    axis: { values, labelExpr: sizeLabels(values), grid: false },
  } satisfies Position;
  const y = logTflops(decades(Math.min(...rows.map(({ low }) => low)), Math.max(...rows.map(({ high }) => high)) * 10));
  const columns = layout === 'wide' ? 8 : 2;
  const color = {
    field: 'series',
    scale: seriesScale(rows.map(({ series }) => series)),
    title: null,
    legend: { orient: 'bottom', columns },
  };
  return {
    $schema: VEGA_LITE,
    title: heading(
      finding(local),
      ['Points: the median with its 95 % interval here, error bars as published. Both axes are logarithmic.'],
      layout,
    ),
    data: { values: rows },
    facet: maskFacet(masks),
    columns: layout === 'wide' ? 2 : 1,
    spec: {
      width: layout === 'wide' ? 330 : 280,
      height: 260,
      layer: [
        { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y, color } },
        { mark: { type: 'rule' }, encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } } },
        {
          mark: { type: 'circle', size: 45, opacity: 1 },
          encoding: { x, y, color, tooltip: [{ field: 'series' }, { field: 'label' }] },
        },
      ],
    },
  };
}

/** What the points of one line have in common: heads, head dimension and window. */
function shape(w: Workload): string {
  return `${w.queryHeads}/${w.kvHeads} heads, d ${w.headDim}${w.window === null ? '' : `, window ${w.window}`}`;
}

function row(w: Workload, tflops: number, low: number, high: number): Omit<Row, 'series'> {
  return { seq: w.seqKv, mask: w.mask, tflops, low, high, label: `${formatSize(w.seqKv)}: ${formatRate(tflops)}` };
}

/** A Vega expression from axis values to "4k", "32k". */
function sizeLabels(values: readonly number[]): string {
  const cases = values.map((value) => `datum.value === ${value} ? '${formatSize(value)}' : `);
  return `${cases.join('')}''`;
}

/** How the throughput of the fastest kernel changes from the shortest length to the longest. */
function finding(local: readonly Row[]): string {
  const best = local.reduce((a, b) => (b.tflops > a.tflops ? b : a));
  const line = local.filter(({ series, mask }) => series === best.series && mask === best.mask);
  const [short, long] = [Math.min(...line.map(({ seq }) => seq)), Math.max(...line.map(({ seq }) => seq))];
  const at = (seq: number) => line.find((item) => item.seq === seq)?.tflops ?? Number.NaN;
  if (short === long) return `${best.series} reaches ${best.label}`;
  const change = 100 * (at(long) / at(short) - 1);
  return `${best.series}, ${best.mask} mask: ${formatRate(at(short))} at ${formatSize(short)}, ${formatRate(at(long))} at ${formatSize(long)} (${formatChange(change, 0)})`;
}
