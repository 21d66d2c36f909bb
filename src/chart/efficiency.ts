/** The share of its own limit that each kernel reaches: of a measured limit here, of the specification on B200. */

import type { TopLevelSpec } from 'vega-lite';
import { deviceSpec } from '../compare/device-specs.ts';
import { publishedFigures } from '../compare/published-figures.ts';
import { formatRate } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { describe, formatSize, type Workload } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';
import { type ChartLayout, heading, type Panel, type Position, sentenceChart, stacked, VEGA_LITE } from './frame.ts';
import { localPoints } from './measured-points.ts';
import { seriesScale } from './palette.ts';

interface Share {
  kernel: string;
  label: string;
  kind: string;
  share: number;
  low: number;
  high: number;
  detail: string;
}

const HERE = 'here: of the multiply-adds measured in the same rounds';
const SPECIFICATION = 'B200: bursts, of its specification';
const SUSTAINED = 'B200: bursts over a sustained matrix product, which is no limit of theirs';

/** Shares in percent: kernels here of their measured ceiling; AVO, cuDNN and FA4, in bursts, of B200's specification and beside a sustained product. */
export function efficiencyChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const local = localShares(run);
  const published = publishedShares(run.measurements.map(({ workload }) => workload));
  if (local.length === 0) {
    return sentenceChart([nothingToDraw.efficiency], layout);
  }
  const rows = [...local, ...published];
  const kinds = [HERE, SPECIFICATION, SUSTAINED].filter((kind) => rows.some((row) => row.kind === kind));
  const color = { field: 'kernel', scale: seriesScale(rows.map(({ kernel }) => kernel)), legend: null };
  const y = {
    field: 'label',
    type: 'nominal',
    title: null,
    sort: null,
    axis: { labelLimit: 220, minExtent: layout === 'wide' ? 160 : 130 },
  } satisfies Position;
  const xOf = (last: boolean): Position => ({
    field: 'share',
    type: 'quantitative',
    title: last ? 'share of the limit, %' : null,
    scale: { domain: [0, 119], clamp: true },
    axis: { values: [0, 20, 40, 60, 80, 100] },
  });
  const chartOf = (values: Share[], x: Position): Panel['chart'] => ({
    data: { values },
    width: layout === 'wide' ? 560 : 180,
    height: { step: 20 },
    layer: [
      {
        mark: { type: 'bar', tooltip: true },
        encoding: {
          y,
          x,
          color,
          tooltip: [{ field: 'label' }, { field: 'share', format: '.1f' }, { field: 'detail' }],
        },
      },
      { mark: { type: 'rule' }, encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } } },
      {
        mark: { type: 'text', align: 'left', dx: 5 },
        encoding: { y, x: { ...x, field: 'high' }, text: { field: 'share', format: '.0f' } },
      },
    ],
  });
  const panels = kinds.map(
    (kind, index): Panel => ({
      title: kind,
      chart: chartOf(
        rows.filter((row) => row.kind === kind),
        xOf(index === kinds.length - 1),
      ),
    }),
  );
  return {
    $schema: VEGA_LITE,
    title: heading(finding(local, published), subtitle(), layout),
    vconcat: stacked(panels),
    spacing: 14,
  };
}

const shortName = (w: Workload) => `${formatSize(w.seqKv)} ${w.mask}`;

/** The items with the longest sequence, so that the chart stays short. */
function longest<T>(items: readonly T[], workloadOf: (item: T) => Workload): T[] {
  const most = Math.max(...items.map((item) => workloadOf(item).seqKv));
  return items.filter((item) => workloadOf(item).seqKv === most);
}

function localShares(run: RunDocument): Share[] {
  const points = localPoints(run).filter(({ measurement }) => measurement.ceiling !== undefined);
  return longest(points, ({ workload }) => workload).map(({ kernel, workload, device, measurement, tflops }) => {
    const { share = 0, shareLow, shareHigh, tflops: limit = 0, name = '' } = measurement.ceiling ?? {};
    return {
      kernel,
      label: `${kernel}, ${shortName(workload)}`,
      kind: HERE,
      share: 100 * share,
      low: 100 * (shareLow ?? share),
      high: 100 * (shareHigh ?? share),
      detail: `${formatRate(tflops)} of ${formatRate(limit)} (${name}) on ${device}, ${describe(workload)}`,
    };
  });
}

/** AVO, cuDNN and FA4 at the longest sequence that the run and the figures share, else at 32k. */
function publishedShares(workloads: readonly Workload[]): Share[] {
  const { bf16Tflops, bestMatmulTflops } = deviceSpec('B200');
  const mha = publishedFigures('avo').filter(({ workload: w }) => w.queryHeads === w.kvHeads);
  const shared = mha.filter((figure) => workloads.some((w) => w.seqKv === figure.workload.seqKv));
  const figures = longest(shared.length > 0 ? shared : mha, ({ workload }) => workload).filter(
    ({ workload }) => workload.mask === 'full',
  );
  return [SPECIFICATION, SUSTAINED].flatMap((kind) => {
    const limit = kind === SUSTAINED ? (bestMatmulTflops ?? bf16Tflops) : bf16Tflops;
    return figures.map(({ library, workload, tflops, error, source }) => ({
      kernel: library,
      label: `${library}, ${shortName(workload)}`,
      kind,
      share: (100 * tflops) / limit,
      low: (100 * (tflops - (error ?? 0))) / limit,
      high: (100 * (tflops + (error ?? 0))) / limit,
      detail: `${formatRate(tflops)} of ${formatRate(limit)}, ${source}`,
    }));
  });
}

function finding(local: readonly Share[], published: readonly Share[]): string {
  const best = local.reduce((a, b) => (b.share > a.share ? b : a));
  const avo = published.find((row) => row.kernel === 'AVO' && row.kind === SPECIFICATION)?.share.toFixed(0);
  return `${best.kernel} reaches ${best.share.toFixed(0)} % of the multiply-adds measured here; AVO, in bursts, ${avo} % of a B200's specification`;
}

function subtitle(): string[] {
  const { bf16Tflops, bestMatmulTflops, source } = deviceSpec('B200');
  return [
    'A limit measured here and a limit of a B200 are different kinds of number: compare bars within a panel only.',
    `B200: specification ${bf16Tflops} TFLOPS dense BF16; best matrix product sustained on another one, after 30 s of warm-up, ${bestMatmulTflops} (${source}).`,
    'A burst runs at a higher clock than a device sustains. Lines: 95 % intervals and error bars.',
  ];
}
