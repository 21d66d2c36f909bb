/** Every sample of a run in time order, so that drift and outliers show. */

import type { TopLevelSpec } from 'vega-lite';
import { formatRate } from '../format.ts';
import { summarize } from '../measure/series.ts';
import { nothingToDraw } from '../messages.ts';
import { describe } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';
import { tflopsOf } from '../record/rate.ts';
import {
  type ChartLayout,
  heading,
  type Layer,
  type Panel,
  type Position,
  sentenceChart,
  stacked,
  VEGA_LITE,
} from './frame.ts';
import { localPoints } from './measured-points.ts';
import { seriesScale } from './palette.ts';

/** Every sample as a percentage from the median of its case, a panel for each kernel. */
export function samplesChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const points = localPoints(run);
  if (points.length === 0) return sentenceChart([nothingToDraw.samples], layout);
  const workloads = [...new Set(points.map(({ workload }) => describe(workload)))];
  // Workloads ran one after the other; within a workload the kernels took turns, so their samples share the same
  // rounds.
  let start = 0;
  const starts = workloads.map((name) => {
    const own = start;
    const most = Math.max(
      ...points.filter((p) => describe(p.workload) === name).map((p) => p.measurement.samples.length),
    );
    start += most + 1;
    return own;
  });
  const rows = points.flatMap((point) => {
    const name = describe(point.workload);
    const from = starts[workloads.indexOf(name)] ?? 0;
    const { median } = summarize(point.measurement.samples.map(tflopsOf));
    return point.measurement.samples.map((sample, index) => {
      const rate = tflopsOf(sample);
      const relative = 100 * (rate / median - 1);
      const detail = `${formatRate(rate)}, sample ${index + 1} of ${name}, ${sample.clock}`;
      return { kernel: point.kernel, round: from + index + 1, relative, detail };
    });
  });
  const kernels = [...new Set(rows.map(({ kernel }) => kernel))];
  const color = { field: 'kernel', scale: seriesScale(kernels), legend: null };
  const xOf = (last: boolean) =>
    ({
      field: 'round',
      type: 'quantitative',
      title: last ? 'round, in time order' : null,
      scale: { domain: [0, start], nice: false },
      axis: { grid: false, tickMinStep: 1 },
    }) satisfies Position;
  // One by one: a call takes only so many arguments.
  const most = rows.reduce((largest, { relative }) => Math.max(largest, Math.abs(relative)), 1);
  const step = largestStep(most);
  const ticks = [-step, 0, step];
  const y = {
    field: 'relative',
    type: 'quantitative',
    title: ['% from', 'its median'],
    axis: { minExtent: 32, values: ticks },
  } satisfies Position;
  // A line between one workload and the next.
  const bordersOf = (last: boolean): Layer[] =>
    workloads.length < 2
      ? []
      : [
          {
            data: { values: starts.slice(1).map((round) => ({ round })) },
            mark: { type: 'rule', strokeDash: [2, 4], opacity: 0.5 },
            encoding: { x: xOf(last) },
          },
        ];
  const order = seriesScale(kernels).domain;
  const panels = order.map(
    (kernel, index): Panel => ({
      title: kernel,
      chart: {
        data: { values: rows.filter((row) => row.kernel === kernel) },
        width: layout === 'wide' ? 760 : 260,
        height: 90,
        layer: [
          ...bordersOf(index === order.length - 1),
          {
            mark: { type: 'circle', size: 28, opacity: 0.9 },
            encoding: {
              x: xOf(index === order.length - 1),
              y: { ...y, scale: { domain: [-most * 1.12, most * 1.12] } },
              color,
              tooltip: [{ field: 'kernel' }, { field: 'detail' }],
            },
          },
        ],
      },
    }),
  );
  return {
    $schema: VEGA_LITE,
    title: heading(
      finding(rows, points.length),
      [
        'Each dot is a sample, as a difference from the median of its own case: below 0 is slower. Dashed lines separate the workloads.',
      ],
      layout,
    ),
    vconcat: stacked(panels),
    spacing: 8,
  };
}

/** The largest round number of percent that is within `most`. */
function largestStep(most: number): number {
  const decade = 10 ** Math.floor(Math.log10(most));
  return Math.max(...[1, 2, 5].map((digit) => digit * decade).filter((step) => step <= most));
}

function finding(rows: readonly { kernel: string; relative: number }[], cases: number): string {
  if (rows.length === cases) return `1 sample of each case: ${rows.length === 1 ? 'it has' : 'they have'} no spread`;
  const worst = rows.reduce((a, b) => (Math.abs(b.relative) > Math.abs(a.relative) ? b : a));
  const size = Math.abs(worst.relative);
  if (size < 5) return `All ${rows.length} samples lie within ${size.toFixed(1)} % of their medians`;
  const near = rows.filter(({ relative }) => Math.abs(relative) <= 5).length;
  return `${Math.round((100 * near) / rows.length)} % of ${rows.length} samples lie within 5 % of their medians; the farthest (${worst.kernel}) is ${size.toFixed(0)} % ${worst.relative < 0 ? 'slower' : 'faster'}`;
}
