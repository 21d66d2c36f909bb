/** The share of its own limit that each kernel reaches: of a measured limit here, of the specification on B200. */

import type { TopLevelSpec } from 'vega-lite';
import { deviceSpec } from '../compare/device-specs.ts';
import { findingOf } from '../compare/finding.ts';
import { publishedFigures } from '../compare/published-figures.ts';
import { aboveOwnLimit, shareOfLimit } from '../compare/share-of-limit.ts';
import { formatRate } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { describe, formatSize, isGrouped, sameProblem, type Workload } from '../problem/workload.ts';
import type { Measured, RunDocument } from '../record/measurement.ts';
import { isMemoryBound, limitRate } from '../record/measurement-names.ts';
import {
  type ChartLayout,
  heading,
  ONCE,
  type Panel,
  type Position,
  sentenceChart,
  stacked,
  VEGA_LITE,
  wrap,
} from './frame.ts';
import { localPoints } from './measured-points.ts';
import { seriesScale } from './palette.ts';

interface Share {
  kernel: string;
  label: string;
  kind: string;
  share: number;
  /** The share as it stands at the end of the row. */
  text: string;
  low: number;
  high: number;
  detail: string;
}

const HERE = 'here: of the peak measured in the same rounds';
const MEMORY = 'here: of the memory reads measured in the same rounds';
const SPECIFICATION = 'B200: bursts, of its specification';
const SUSTAINED = 'B200: bursts over a sustained matrix product, which is no limit of theirs';

/** Pixels at the end of each row for its value, beyond every bar and interval. */
const VALUES = 46;

/** Shares in percent: kernels here of their measured ceiling; AVO, cuDNN and FA4, in bursts, of B200's specification and beside a sustained product. */
export function efficiencyChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const found = findingOf(run);
  const main = found?.measured;
  const local = localShares(run, main?.workload);
  const best = local.find(({ measurement }) => measurement === main) ?? highest(local);
  if (best === undefined) return sentenceChart([nothingToDraw.efficiency], layout);
  const published = publishedShares(
    local.map(({ workload }) => workload),
    found?.reference?.published.workload.seqKv ?? null,
  );
  const rows: Share[] = [...local, ...published];
  const kinds = [HERE, MEMORY, SPECIFICATION, SUSTAINED].filter((kind) => rows.some((row) => row.kind === kind));
  const color = { field: 'kernel', scale: seriesScale(rows.map(({ kernel }) => kernel)), legend: null };
  const y = {
    field: 'label',
    type: 'nominal',
    title: null,
    sort: null,
    axis: {
      labelLimit: 220,
      minExtent: Math.min(layout === 'wide' ? 220 : 160, Math.max(...rows.map(({ label }) => 8 + 6.1 * label.length))),
    },
  } satisfies Position;
  const width = layout === 'wide' ? 600 : 190;
  const most = Math.max(101, ...rows.map(({ high }) => high + 1));
  const xOf = (last: boolean): Position => ({
    field: 'share',
    type: 'quantitative',
    title: last ? 'share of the limit, %' : null,
    scale: { domain: [0, (most * width) / (width - VALUES)], nice: false },
    axis: { values: layout === 'wide' ? [0, 20, 40, 60, 80, 100] : [0, 50, 100] },
  });
  const chartOf = (values: Share[], x: Position): Panel['chart'] => ({
    data: { values },
    width,
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
      {
        data: ONCE,
        mark: { type: 'rule', strokeDash: [4, 3] },
        encoding: { x: { ...x, field: undefined, datum: 100 } },
      },
      { mark: { type: 'rule' }, encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } } },
      {
        mark: { type: 'text', align: 'right', x: width - 4 },
        encoding: { y, text: { field: 'text' } },
      },
    ],
  });
  const panels = kinds.map(
    (kind, index): Panel => ({
      title: layout === 'wide' ? kind : wrap(kind, 50),
      chart: chartOf(
        rows.filter((row) => row.kind === kind),
        xOf(index === kinds.length - 1),
      ),
    }),
  );
  return {
    $schema: VEGA_LITE,
    title: heading(finding(best, published), subtitle(local), layout),
    vconcat: stacked(panels),
    spacing: 14,
  };
}

const shortName = (w: Workload) => `${formatSize(w.seqKv)} ${w.mask}`;

/** A kernel here, of the ceiling that ran beside it. */
interface LocalShare extends Share {
  measurement: Measured;
  workload: Workload;
}

/** A published figure, of a limit of its device. */
interface PublishedShare extends Share {
  workload: Workload;
}

const highest = (shares: readonly LocalShare[]) =>
  shares.reduce<LocalShare | undefined>((a, b) => (a === undefined || b.share > a.share ? b : a), undefined);

/** The kernels with a ceiling, at the length of the run's finding, or else the longest: one length, so that the chart stays short. */
function localShares(run: RunDocument, main: Workload | undefined): LocalShare[] {
  const points = localPoints(run).filter(({ measurement }) => measurement.ceiling !== undefined);
  const ofMain = points.filter(({ workload }) => workload.seqKv === main?.seqKv);
  const most = Math.max(...points.map(({ workload }) => workload.seqKv));
  const own = ofMain.length > 0 ? ofMain : points.filter(({ workload }) => workload.seqKv === most);
  return own.flatMap(({ kernel, workload, device, measurement, tflops }) => {
    const { ceiling } = measurement;
    if (ceiling === undefined) return [];
    const { share, shareLow, shareHigh, name } = ceiling;
    return {
      measurement,
      workload,
      kernel,
      label: `${kernel}, ${shortName(workload)}`,
      kind: isMemoryBound(measurement) ? MEMORY : HERE,
      share: 100 * share,
      text: `${(100 * share).toFixed(0)} %`,
      low: 100 * (shareLow ?? share),
      high: 100 * (shareHigh ?? share),
      detail: `${formatRate(tflops)} of ${limitRate(ceiling)} (${name}) on ${device}, ${describe(workload)}`,
    };
  });
}

/** AVO, cuDNN and FA4: their figures of `workloads`, or else of MHA at the same length, or else at `length`, or else at 32k; the masks of `workloads`. */
function publishedShares(workloads: readonly Workload[], length: number | null): PublishedShare[] {
  const { bf16Tflops, bestMatmulTflops } = deviceSpec('B200');
  const all = publishedFigures('avo').filter(({ workload: w }) => workloads.some(({ mask }) => mask === w.mask));
  const mha = all.filter(({ workload }) => !isGrouped(workload));
  const candidates = [
    all.filter(({ workload }) => workloads.some((w) => sameProblem(w, workload))),
    mha.filter(({ workload }) => workloads.some((w) => w.seqKv === workload.seqKv)),
    mha.filter(({ workload }) => workload.seqKv === length),
    mha.filter(({ workload }) => workload.seqKv === 32_768),
  ];
  const figures = (candidates.find((own) => own.length > 0) ?? []).sort(
    (a, b) => Number(a.workload.mask === 'causal') - Number(b.workload.mask === 'causal'),
  );
  return [SPECIFICATION, SUSTAINED].flatMap((kind) => {
    const limit = kind === SUSTAINED ? (bestMatmulTflops ?? bf16Tflops) : bf16Tflops;
    return figures.map(({ library, workload, tflops, error, source }) => ({
      workload,
      kernel: library,
      label: `${library}, ${shortName(workload)}`,
      kind,
      share: (100 * tflops) / limit,
      text: `${((100 * tflops) / limit).toFixed(0)} %`,
      low: (100 * (tflops - (error ?? 0))) / limit,
      high: (100 * (tflops + (error ?? 0))) / limit,
      detail: `${formatRate(tflops)} of ${formatRate(limit)}, ${source}`,
    }));
  });
}

/** The kernel of the run's finding and AVO, both at one mask, AVO at the nearest length where it has no figure of the same. */
function finding(best: LocalShare, published: readonly PublishedShare[]): string {
  const { seqKv, mask } = best.workload;
  const avo = published.find(
    ({ kernel, kind, workload }) => kernel === 'AVO' && kind === SPECIFICATION && workload.mask === mask,
  );
  const here = `${formatSize(seqKv)}, ${mask} mask: ${best.kernel} ${shareOfLimit(best.measurement)}`;
  if (avo === undefined) return here;
  const at = avo.workload.seqKv === seqKv ? '' : ` at ${formatSize(avo.workload.seqKv)}`;
  return `${here}; AVO${at}, in bursts, ${avo.text} of a B200's specification`;
}

function subtitle(local: readonly LocalShare[]): string[] {
  const { bf16Tflops, bestMatmulTflops, source } = deviceSpec('B200');
  const beyond = local.some(({ measurement }) => aboveOwnLimit(measurement) === 'beyond')
    ? ' A share far beyond 100 % here is a measurement gone wrong: do not rely on it.'
    : local.some(({ high }) => high > 100)
      ? ' Beyond 100 % here is noise: kernel and limit ran in turns, and neither is exact.'
      : '';
  return [
    'A limit measured here and a limit of a B200 are different kinds of number: compare bars within a panel only.',
    `B200: specification ${bf16Tflops} TFLOPS dense BF16; best matrix product sustained on another one, after 30 s of warm-up, ${bestMatmulTflops} (${source}).`,
    `A burst runs at a higher clock than a device sustains. Lines: 95 % intervals and error bars.${beyond}`,
  ];
}
