/** How throughput changes with sequence length, here and published: each line in percent of its shortest length. */

import type { TopLevelSpec } from 'vega-lite';
import { findingOf } from '../compare/finding.ts';
import { type PublishedSet, publishedFigures, seriesOf, seriesOnDevice } from '../compare/published-figures.ts';
import { isBurst } from '../compare/published-timing.ts';
import { formatChange, formatRate } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { formatScores, formatSize, type Workload } from '../problem/workload.ts';
import type { Published, RunDocument } from '../record/measurement.ts';
import {
  type ChartLayout,
  heading,
  maskFacet,
  masksOf,
  ONCE,
  type Position,
  sentenceChart,
  VEGA_LITE,
} from './frame.ts';
import { linesHere, localPoints } from './measured-points.ts';
import { seriesScale } from './palette.ts';

/** A rate at one length, with its interval or error bar, TFLOPS. */
interface Rate {
  series: string;
  seq: number;
  mask: string;
  tflops: number;
  low: number;
  high: number;
}

/** The same in percent of the rate at the shortest length of its line. */
interface Row extends Rate {
  share: number;
  lowShare: number;
  highShare: number;
  label: string;
}

/**
 * Throughput by sequence length for each kernel and matching figure, each line from 100 % at its shortest length, so that a
 * few percent show however far apart the rates are. A sentence if no kernel of the run has two lengths.
 */
export function scalingChart(run: RunDocument, set: PublishedSet, layout: ChartLayout = 'wide'): TopLevelSpec {
  const points = localPoints(run);
  const several = new Set(points.map(({ workload }) => shape(workload))).size > 1;
  const named = (name: string, w: Workload) => (several ? `${name} ${shape(w)}` : name);
  const local = linesOf(
    points.map(({ kernel, workload: w, tflops, low, high }) => ({
      ...{ series: named(kernel, w), seq: w.seqKv, mask: w.mask, tflops, low, high },
    })),
  );
  if (local.length === 0) return sentenceChart([nothingToDraw.scaling], layout);
  const workloads = points.map(({ workload }) => workload);
  const figures = publishedFigures(set).filter(({ workload }) => workloads.some((w) => shape(w) === shape(workload)));
  const published = linesOf(
    figures.map((figure) => {
      const { workload: w, tflops, error } = figure;
      const series = named(seriesOf(figure), w);
      return { series, seq: w.seqKv, mask: w.mask, tflops, low: tflops - (error ?? 0), high: tflops + (error ?? 0) };
    }),
  );
  const rows = [...published, ...local];
  const values = [...new Set(rows.map(({ seq }) => seq))].sort((a, b) => a - b);
  const masks = masksOf(rows);
  const x = {
    field: 'seq',
    type: 'quantitative',
    scale: { type: 'log', base: 2, nice: false, padding: 8 },
    title: 'sequence length',
    axis: { values, labelExpr: sizeLabels(values), labelFlush: false, grid: false },
  } satisfies Position;
  const y = {
    field: 'share',
    type: 'quantitative',
    scale: { zero: false, padding: 6 },
    title: '% of the rate at the shortest length',
  } satisfies Position;
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
      finding(run, local, figures),
      [
        `Each line starts at 100 % at its shortest length, whatever its rate. Vertical lines: ${linesHere(run)}; error bars as published.`,
        ...(figures.some(isBurst) ? ['Published lines are of bursts: of passes of some milliseconds, from rest.'] : []),
      ],
      layout,
    ),
    data: { values: rows },
    facet: maskFacet(masks),
    columns: layout === 'wide' ? 2 : 1,
    spec: {
      width: layout === 'wide' ? 365 : 270,
      height: 260,
      layer: [
        { data: ONCE, mark: { type: 'rule', strokeWidth: 1, strokeDash: [4, 3] }, encoding: { y: { datum: 100 } } },
        { mark: { type: 'line', strokeWidth: 1.5 }, encoding: { x, y, color } },
        { mark: { type: 'rule' }, encoding: { x, y: { ...y, field: 'lowShare' }, y2: { field: 'highShare' } } },
        {
          mark: { type: 'circle', size: 45, opacity: 1 },
          encoding: { x, y, color, tooltip: [{ field: 'series' }, { field: 'label' }] },
        },
      ],
    },
  };
}

/** The rates of those lines that have two lengths or more, each in percent of its line's first. */
function linesOf(rates: readonly Rate[]): Row[] {
  return rates.flatMap((rate) => {
    const line = rates.filter(({ series, mask }) => series === rate.series && mask === rate.mask);
    const first = line.reduce((a, b) => (b.seq < a.seq ? b : a));
    if (line.every(({ seq }) => seq === first.seq)) return [];
    const [share = 0, lowShare = 0, highShare = 0] = [rate.tflops, rate.low, rate.high].map(
      (value) => (100 * value) / first.tflops,
    );
    const label = `${formatSize(rate.seq)}: ${formatRate(rate.tflops)}, ${share.toFixed(1)} %`;
    return [{ ...rate, share, lowShare, highShare, label }];
  });
}

/** What the points of one line have in common: heads, head dimension and window. */
function shape(w: Workload): string {
  const window = w.window === null ? '' : `, window ${w.window}`;
  const scores = formatScores(w) === '' ? '' : `, ${formatScores(w)}`;
  return `${w.queryHeads}/${w.kvHeads} heads, d ${w.headDim}${window}${scores}`;
}

/** A Vega expression from axis values to "4k", "32k". */
function sizeLabels(values: readonly number[]): string {
  const cases = values.map((value) => `datum.value === ${value} ? '${formatSize(value)}' : `);
  return `${cases.join('')}''`;
}

/** How the throughput of one kernel, that of the run's finding if it has a line, changes with length, and AVO's beside it. */
function finding(run: RunDocument, local: readonly Row[], figures: readonly Published[]): string {
  const main = findingOf(run);
  const own = local.filter(({ series, mask }) => series === main?.kernel && mask === main.measured.workload.mask);
  const best = own[0] ?? local.reduce((a, b) => (b.tflops > a.tflops ? b : a));
  const line = local.filter(({ series, mask }) => series === best.series && mask === best.mask);
  const short = line.reduce((a, b) => (b.seq < a.seq ? b : a));
  const long = line.reduce((a, b) => (b.seq > a.seq ? b : a));
  const avo = figures.filter(({ library, workload }) => library === 'AVO' && workload.mask === best.mask);
  const [from, to] = [short, long].map(({ seq }) => avo.find(({ workload }) => workload.seqKv === seq));
  const beside =
    from === undefined || to === undefined
      ? ''
      : `; ${seriesOnDevice(to)}: ${formatChange(100 * (to.tflops / from.tflops - 1), 0)}`;
  return `${best.series}, ${best.mask} mask: ${formatRate(short.tflops)} at ${formatSize(short.seq)}, ${formatRate(long.tflops)} at ${formatSize(long.seq)} (${formatChange(long.share - 100, 0)})${beside}`;
}
