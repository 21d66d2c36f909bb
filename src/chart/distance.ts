/** How many times slower than the published figure of the run's finding each device is, on one logarithmic axis. */

import type { TopLevelSpec } from 'vega-lite';
import { exactTflops } from '../compare/comparisons.ts';
import { DEVICES } from '../compare/device-specs.ts';
import { type Finding, findingOf } from '../compare/finding.ts';
import { publishedFigures } from '../compare/published-figures.ts';
import { isBurst } from '../compare/published-timing.ts';
import { formatFactor, formatRate } from '../format.ts';
import { nothingToDraw, publishedOfDecoding } from '../messages.ts';
import { describe, formatLengths } from '../problem/workload.ts';
import type { Published, RunDocument } from '../record/measurement.ts';
import { type ChartLayout, heading, type Position, sentenceChart, VEGA_LITE } from './frame.ts';
import { fastestAt, localPoints } from './measured-points.ts';
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

/**
 * Times slower than the figure that the run's finding names: the kernels of a run, published attention under the mask of that
 * figure, and peaks of devices.
 */
export function distanceChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const points = localPoints(run);
  const found = findingOf(run);
  if (found === null) return sentenceChart([nothingToDraw.distance], layout);
  if (found.reference === null) return sentenceChart([publishedOfDecoding], layout);
  const main = found.measured.workload;
  const reference = found.reference.published;
  const mark = (label: string, series: string, kind: string, tflops: number, detail: string): Mark => {
    const slower = exactTflops(reference) / tflops;
    const times =
      slower === 1
        ? 'the reference'
        : slower > 1
          ? `${formatFactor(slower)}x slower`
          : `${formatFactor(1 / slower)}x as fast`;
    const text = layout === 'wide' ? `${formatRate(tflops)}, ${times}` : times;
    return { label, series, kind, tflops, slower, text, detail: `${formatRate(tflops)}; ${detail}` };
  };
  const kernels = [...new Set(points.map(({ kernel }) => kernel))];
  const local = kernels.flatMap((kernel) => {
    const own = points.filter((point) => point.kernel === kernel);
    // Of a kernel that ran here with several numbers of threads the finding's, or else the fastest.
    const point = own.find(({ measurement }) => measurement === found.measured) ?? fastestAt(own, main);
    if (point === undefined) return [];
    const label = `${kernel}${point.software ? ' on a software adapter' : ' here'}`;
    const detail = `${describe(point.workload)}, ${point.workload.dtype}, ${point.device}`;
    return [mark(label, kernel, MEASURED, point.measurement.tflops.median, detail)];
  });
  const landmarks = landmarksOf(reference).map((figure) =>
    mark(
      `${figure.library} on ${figure.device}`,
      figure.library,
      PUBLISHED,
      exactTflops(figure),
      `${describe(figure.workload)}, ${figure.workload.dtype}, ${figure.source}`,
    ),
  );
  const peaks = DEVICES.map(({ device, bf16Tflops, bf16Basis, source }) =>
    mark(`${device}, peak`, 'peak', PEAK, bf16Tflops, `BF16 or FP16 matrix rate, ${bf16Basis}; ${source}`),
  );
  const rows = [...local, ...landmarks, ...peaks].sort((a, b) => a.slower - b.slower);
  const most = Math.max(...rows.map(({ slower }) => slower));
  const least = Math.min(...rows.map(({ slower }) => slower));
  const middle = Math.sqrt(most);
  const y = {
    field: 'label',
    type: 'nominal',
    // The order as a domain: Vega-Lite makes conditions in one another of a list, too many of which overflow the stack.
    sort: null,
    scale: { domain: [...new Set(rows.map(({ label }) => label))] },
    title: null,
    axis: { labelLimit: layout === 'wide' ? 240 : 150, grid: false },
  } satisfies Position;
  const x = {
    field: 'slower',
    type: 'quantitative',
    scale: { type: 'log', domain: [Math.min(0.4, least / 1.5), most * 4] },
    title:
      layout === 'wide'
        ? `times slower than ${reference.library} on ${reference.device} at ${formatLengths(reference.workload)} (log scale)`
        : 'times slower (log scale)',
    axis: {
      values: [0.1, 1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].filter(
        (value) =>
          value >= Math.min(0.4, least / 1.5) &&
          value <= most * 4 &&
          (layout === 'wide' || Math.log10(value) % 3 === 0),
      ),
      format: ',',
      grid: false,
    },
  } satisfies Position;
  return {
    $schema: VEGA_LITE,
    title: heading(
      finding(found, landmarks),
      [
        `Here: ${describe(main)}, ${main.dtype}. Published, BF16 or FP16: ${reference.library} on ${reference.device} ${describe(reference.workload)}${isBurst(reference) ? ', in bursts of some milliseconds' : ''}; of the others the fastest figure ${reference.workload.mask === 'full' ? 'without a mask' : 'with a causal mask'}, in the shape that its source gives.`,
        'Hollow squares: the specified peak of a device, not attention.',
      ],
      layout,
    ),
    data: { values: rows },
    width: layout === 'wide' ? 660 : 175,
    height: { step: 18 },
    layer: [
      {
        mark: { type: 'point', size: 70, strokeWidth: 1.5, opacity: 1, tooltip: true },
        encoding: {
          y,
          x,
          shape: {
            field: 'kind',
            scale: { domain: [MEASURED, PUBLISHED, PEAK], range: ['diamond', 'circle', 'square'] },
            title: null,
            legend: {
              orient: 'bottom',
              columns: layout === 'wide' ? 3 : 1,
              encoding: {
                symbols: {
                  fill: { condition: { test: `datum.label === '${PEAK}'`, value: 'transparent' }, value: '#888888' },
                },
              },
            },
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

/** The reference; and of AVO on B200 and each library on every other device, the fastest attention under the same mask. */
function landmarksOf(reference: Published): Published[] {
  const keyOf = ({ library, device }: Published) => `${library} ${device}`;
  const best = new Map([[keyOf(reference), reference]]);
  for (const figure of publishedFigures('all')) {
    const usual = figure.device !== 'B200' || figure.library === 'AVO';
    if (!usual || figure.workload.mask !== reference.workload.mask || keyOf(figure) === keyOf(reference)) continue;
    const known = best.get(keyOf(figure));
    if (known === undefined || known.tflops < figure.tflops) best.set(keyOf(figure), figure);
  }
  return [...best.values()];
}

/** How many times faster than the finding's kernel three devices are. */
function finding({ measured, kernel, software }: Finding, landmarks: readonly Mark[]): string {
  const others = ['AVO on B200', 'FA3 on H100 SXM5', 'FA2 on A100 80GB PCIe']
    .map((label) => landmarks.find((item) => item.label === label))
    .filter((item) => item !== undefined)
    .map(({ label, tflops }) => {
      const device = label.replace(/.* on /, '').replace(/ (SXM5|80GB PCIe)/, '');
      return `${device}\u00a0${formatFactor(tflops / measured.tflops.median)}`;
    });
  const here = software ? 'on a software adapter here' : 'here';
  return `Published attention is this many times faster than ${kernel} ${here}: ${others.join(', ')}`;
}
