/** The report's figure with the local machine in it: throughput by sequence length, a panel for each mask. */

import type { TopLevelSpec } from 'vega-lite';
import { HEADLINE_TFLOPS } from '../compare/claims.ts';
import { type PublishedSet, publishedFigures, seriesOf } from '../compare/published-figures.ts';
import { formatRate, formatRounded } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { formatLengths, sameProblem, type Workload } from '../problem/workload.ts';
import type { Measurement, RunDocument } from '../record/measurement.ts';
import { reasonsOf } from '../record/unmeasured.ts';
import {
  type ChartLayout,
  decades,
  heading,
  lengthAxis,
  logTflops,
  maskFacet,
  masksOf,
  type Position,
  sentenceChart,
  VEGA_LITE,
} from './frame.ts';
import { localPoints } from './measured-points.ts';
import { seriesScale } from './palette.ts';

interface Bar {
  series: string;
  seq: string;
  order: number;
  mask: string;
  tflops: number;
  low: number;
  high: number;
  label: string;
  detail: string;
  /** Source of a published bar; empty for a measured one. */
  source: string;
}

/**
 * Draws the kernels of a run beside the matching published figures. A logarithmic axis has no zero, so bars start a
 * decade below the smallest value. Their lengths can be compared only through the axis; therefore every bar carries its
 * value.
 */
export function figureChart(run: RunDocument, set: PublishedSet, layout: ChartLayout = 'wide'): TopLevelSpec {
  const local = localBars(run);
  const published = publishedBars(run, set);
  const bars = [...published, ...local];
  if (bars.length === 0) return sentenceChart([nothingToDraw.figure, ...reasonsOf(run.measurements)], layout);
  const values = bars.map(({ tflops }) => tflops);
  const floor = 10 ** (Math.floor(Math.log10(Math.min(...values))) - 1);
  // Room above the tallest bar, for its label.
  const most = Math.max(...values);
  const ceiling = most * (most / floor) ** (layout === 'wide' ? 0.26 : 0.45);
  const seqs = [...new Map(bars.map(({ seq, order }) => [seq, order]))].sort((a, b) => a[1] - b[1]).map(([seq]) => seq);
  const series = seriesScale(bars.map(({ series: name }) => name));
  const rows = bars.map((bar) => ({ ...bar, floor }));
  const masks = masksOf(bars);
  const step =
    layout === 'narrow'
      ? Math.max(9, 218 / (seqs.length * (series.domain.length + 1)))
      : Math.max(17, Math.min(28, 700 / (masks.length * seqs.length * series.domain.length)));

  const x = lengthAxis(seqs);
  const xOffset = { field: 'series', sort: series.domain } as const;
  const y = {
    ...logTflops(decades(floor, most * 2)),
    scale: { type: 'log', domain: [floor, ceiling] },
  } satisfies Position;
  return {
    $schema: VEGA_LITE,
    title: heading(findingTitle(local, published), caption(run, published), layout),
    data: { values: rows },
    facet: maskFacet(masks),
    columns: layout === 'wide' ? 2 : 1,
    spec: {
      width: { step },
      height: layout === 'wide' ? 320 : 260,
      layer: [
        {
          mark: { type: 'bar', tooltip: true },
          encoding: {
            x,
            xOffset,
            y,
            y2: { field: 'floor' },
            color: {
              field: 'series',
              scale: series,
              title: null,
              legend: { orient: 'bottom', columns: layout === 'wide' ? 8 : 2 },
            },
            tooltip: [
              { field: 'series', title: 'series' },
              { field: 'label', title: 'throughput' },
              { field: 'detail', title: 'from' },
            ],
          },
        },
        {
          mark: { type: 'rule' },
          encoding: { x, xOffset, y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' } },
        },
        {
          // The headline of the report: AVO at 32k without a mask.
          transform: [{ filter: `datum.series === 'AVO' && datum.tflops === ${HEADLINE_TFLOPS}` }],
          mark: { type: 'rule', strokeDash: [4, 3], color: '#D55E00' },
          encoding: { y: { field: 'tflops', type: 'quantitative' } },
        },
        {
          mark: { type: 'text', angle: 270, align: 'left', baseline: 'middle', dx: 6, fontSize: 10 },
          encoding: { x, xOffset, y: { field: 'high', type: 'quantitative' }, text: { field: 'label' } },
        },
      ],
    },
  };
}

function localBars(run: RunDocument): Bar[] {
  return localPoints(run).map(({ kernel, device, workload, tflops, low, high, measurement }) => ({
    series: kernel,
    ...placeOf(workload, fewerThreads(measurement, run)),
    tflops,
    low,
    high,
    label: formatRate(tflops),
    detail: `measured here: ${device}`,
    source: '',
  }));
}

/** The figures of the run's workloads; none where no figure matches exactly. */
function publishedBars(run: RunDocument, set: PublishedSet): Bar[] {
  const workloads = run.measurements.map((m) => m.workload);
  const matches = publishedFigures(set).filter((figure) => workloads.some((w) => sameProblem(w, figure.workload)));
  return matches.map((figure) => ({
    series: seriesOf(figure),
    ...placeOf(figure.workload),
    tflops: figure.tflops,
    low: figure.tflops - (figure.error ?? 0),
    high: figure.tflops + (figure.error ?? 0),
    label: formatRate(figure.tflops),
    source: figure.source,
    detail: `${figure.device}, ${figure.library} ${figure.version}, ${figure.source}`,
  }));
}

/**
 * The threads of a measurement, if the same kernel also ran this workload with more of them, as in some suites; else
 * null.
 */
function fewerThreads(m: Measurement, run: RunDocument): number | null {
  const more = run.measurements.some(
    (other) =>
      other.kernel === m.kernel &&
      other.host === m.host &&
      (other.threads ?? 0) > (m.threads ?? 0) &&
      sameProblem(other.workload, m.workload),
  );
  return more ? m.threads : null;
}

/** The position of a bar. Its label names heads, head dimension or threads only if they are not the usual ones. */
function placeOf(w: Workload, threads: number | null = null): { seq: string; order: number; mask: string } {
  const seq = formatLengths(w);
  const heads = w.queryHeads === w.kvHeads ? '' : `, ${w.queryHeads}/${w.kvHeads}`;
  const dim = w.headDim === 128 ? '' : `, d ${w.headDim}`;
  const few = threads === null ? '' : `, ${threads} thread${threads === 1 ? '' : 's'}`;
  const order = w.seqKv * 1e3 + w.headDim + w.kvHeads / 1e3 + (threads === null ? 0 : 1e-4);
  return { seq: `${seq}${heads}${dim}${few}`, order, mask: w.mask };
}

/** The finding: how far the best local kernel is from the best published figure at the longest common workload. */
function findingTitle(local: readonly Bar[], published: readonly Bar[]): string {
  const best = (bars: readonly Bar[]) => [...bars].sort((a, b) => b.tflops - a.tflops)[0];
  const fastest = best(local);
  if (fastest === undefined) return 'Published attention throughput; nothing was measured here';
  const same = published.filter(({ seq, mask }) => seq === fastest.seq && mask === fastest.mask);
  const other = best(same);
  if (other === undefined)
    return `${fastest.series} reaches ${fastest.label} at ${fastest.seq}, ${fastest.mask} mask; no published figure matches`;
  const ratio = formatRounded(other.tflops / fastest.tflops);
  return `${fastest.series} reaches ${fastest.label} here; ${other.series} on B200 is ${ratio} times faster (${fastest.seq}, ${fastest.mask} mask)`;
}

/** Lines under the title: the machine, the shape, the sources. */
function caption(run: RunDocument, published: readonly Bar[]): string[] {
  const devices = run.context.devices.map(
    ({ name, backend, software }) => `${backend} on ${name}${software ? ' (software adapter)' : ''}`,
  );
  const w = run.measurements[0]?.workload;
  const dims = new Set(run.measurements.map(({ workload }) => workload.headDim));
  const shape =
    w === undefined
      ? ''
      : `${w.queryHeads === w.kvHeads ? `${w.queryHeads} heads` : `${w.queryHeads} query heads, ${w.kvHeads} KV heads`}, head dimension ${dims.size > 1 ? '128 unless another is named' : w.headDim}; here ${w.dtype}`;
  const sources = [...new Set(published.map(({ source }) => source))];
  const lines = [
    `Here: ${[...new Set(devices)].join('; ')}. ${shape}${sources.length > 0 ? ', published BF16 on one B200' : ''}.`,
  ];
  if (sources.length > 0)
    lines.push(
      `Published: ${sources.join('; ')}. Lines on the bars: 95 % intervals here, error bars as published. Dashed line: the report's ${HEADLINE_TFLOPS} TFLOPS, if shown.`,
    );
  return lines;
}
