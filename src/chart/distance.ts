/** How many times slower than AVO's 1668 TFLOPS each device is, on one logarithmic axis. */

import type { TopLevelSpec } from 'vega-lite';
import { HEADLINE_TFLOPS } from '../compare/claims.ts';
import { DEVICES } from '../compare/device-specs.ts';
import { publishedFigures } from '../compare/published-figures.ts';
import { formatNumber, formatRate, formatRounded, withCommas } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { describe } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';
import { type ChartLayout, heading, type Position, sentenceChart, VEGA_LITE } from './frame.ts';
import { fastestAt, localPoints, mainWorkload } from './measured-points.ts';
import { seriesScale } from './palette.ts';

interface Mark {
  label: string;
  series: string;
  kind: string;
  tflops: number;
  slower: number;
  text: string;
  detail: string;
}

const MEASURED = 'attention, measured here';
const PUBLISHED = 'attention, published';
const PEAK = 'peak of the device, specification';

/** Times slower than the report's 1668 TFLOPS: the kernels of a run, published attention, and peaks of devices. */
export function distanceChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const points = localPoints(run);
  const main = mainWorkload(points);
  const headline = publishedFigures('avo').find(
    ({ library, tflops }) => library === 'AVO' && tflops === HEADLINE_TFLOPS,
  );
  if (main === undefined || headline === undefined) {
    return sentenceChart([nothingToDraw.distance], layout);
  }
  const mark = (label: string, series: string, kind: string, tflops: number, detail: string): Mark => {
    const slower = headline.tflops / tflops;
    const times =
      kind === PUBLISHED && tflops === headline.tflops
        ? 'the headline'
        : slower >= 1
          ? `${rounded(slower)}x slower`
          : `${rounded(1 / slower)}x as fast`;
    return {
      label,
      series,
      kind,
      tflops,
      slower,
      text: layout === 'wide' ? `${formatRate(tflops)}, ${times}` : times,
      detail: `${formatRate(tflops)}; ${detail}`,
    };
  };
  const kernels = [...new Set(points.map(({ kernel }) => kernel))];
  const local = kernels.flatMap((kernel) => {
    const point = fastestAt(
      points.filter((p) => p.kernel === kernel),
      main,
    );
    if (point === undefined) return [];
    const label = `${kernel}${point.software ? ' on a software adapter' : ' here'}`;
    return [
      mark(
        label,
        kernel,
        MEASURED,
        point.tflops,
        `${describe(point.workload)}, ${point.workload.dtype}, ${point.device}`,
      ),
    ];
  });
  const landmarks = [headline, ...bestOfOthers()].map((figure) =>
    mark(
      `${figure.library} on ${figure.device}`,
      figure.library,
      PUBLISHED,
      figure.tflops,
      `${describe(figure.workload)}, ${figure.workload.dtype}, ${figure.source}`,
    ),
  );
  const peaks = DEVICES.map(({ device, bf16Tflops, bf16Basis, source }) =>
    mark(`${device}, peak`, 'peak', PEAK, bf16Tflops, `BF16 or FP16 matrix rate, ${bf16Basis}; ${source}`),
  );
  const rows = [...local, ...landmarks, ...peaks].sort((a, b) => a.slower - b.slower);
  const most = Math.max(...rows.map(({ slower }) => slower));
  const middle = Math.sqrt(most);
  const y = {
    field: 'label',
    type: 'nominal',
    sort: rows.map(({ label }) => label),
    title: null,
    axis: { labelLimit: layout === 'wide' ? 240 : 150, grid: false },
  } satisfies Position;
  const x = {
    field: 'slower',
    type: 'quantitative',
    scale: { type: 'log', domain: [0.5, most * 4] },
    title: layout === 'wide' ? 'times slower than AVO on B200 at 32k (log scale)' : 'times slower (log scale)',
    axis: {
      values: [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].filter(
        (value) => value <= most * 4 && (layout === 'wide' || Math.log10(value) % 2 === 0),
      ),
      format: ',',
      grid: false,
    },
  } satisfies Position;
  return {
    $schema: VEGA_LITE,
    title: heading(
      finding(local, landmarks),
      [
        `Here: ${describe(main)}, ${main.dtype}. Published: the fastest figure without a mask for each library and device, BF16 or FP16, in the shape that its source gives.`,
        'Hollow marks: the specified peak of a device, not attention.',
      ],
      layout,
    ),
    data: { values: rows },
    width: layout === 'wide' ? 520 : 175,
    height: { step: 18 },
    layer: [
      {
        mark: { type: 'point', size: 70, strokeWidth: 1.5, tooltip: true },
        encoding: {
          y,
          x,
          shape: {
            field: 'kind',
            scale: { domain: [MEASURED, PUBLISHED, PEAK], range: ['diamond', 'circle', 'square'] },
            title: null,
            legend: { orient: 'bottom', columns: layout === 'wide' ? 3 : 1 },
          },
          fill: {
            condition: { test: `datum.kind === '${PEAK}'`, value: 'transparent' },
            field: 'series',
            scale: seriesScale(rows.map(({ series }) => series)),
            legend: null,
          },
          tooltip: ['label', 'text', 'detail'].map((field) => ({ field })),
        },
      },
      // Marks far to the right have their label on the left.
      {
        transform: [{ filter: `datum.slower <= ${middle}` }],
        mark: { type: 'text', align: 'left', dx: 8, fontSize: 10 },
        encoding: { y, x, text: { field: 'text' } },
      },
      {
        transform: [{ filter: `datum.slower > ${middle}` }],
        mark: { type: 'text', align: 'right', dx: -8, fontSize: 10 },
        encoding: { y, x, text: { field: 'text' } },
      },
    ],
  };
}

/** The fastest attention without a mask of each library on every device but B200. */
function bestOfOthers() {
  const best = new Map<string, ReturnType<typeof publishedFigures>[number]>();
  for (const figure of publishedFigures('all')) {
    if (figure.device === 'B200' || figure.workload.mask !== 'full') continue;
    const key = `${figure.library} ${figure.device}`;
    if ((best.get(key)?.tflops ?? 0) < figure.tflops) best.set(key, figure);
  }
  return [...best.values()];
}

function finding(local: readonly Mark[], landmarks: readonly Mark[]): string {
  const fastest = local.reduce((a, b) => (b.tflops > a.tflops ? b : a));
  const times = (tflops: number) => Number((tflops / fastest.tflops).toPrecision(2));
  const others = ['AVO on B200', 'FA3 on H100 SXM5', 'FA2 on A100 80GB PCIe']
    .map((label) => landmarks.find((item) => item.label === label))
    .filter((item) => item !== undefined)
    .map(
      ({ label, tflops }) => `${label.replace(/.* on /, '').replace(/ (SXM5|80GB PCIe)/, '')} ${group(times(tflops))}`,
    );
  return `The best published attention is this many times faster than ${fastest.label}: ${others.join(', ')}`;
}

const rounded = (value: number) => (value < 10 ? value.toFixed(1) : formatRounded(value));
const group = (value: number) => (value >= 1000 ? withCommas(value) : formatNumber(value));
