/** The rate of a kernel that runs without a pause over time, and the clock of a core beside it, each as a share of its begin. */

import type { TopLevelSpec } from 'vega-lite';
import { type SustainedCase, sustainedCases } from '../compare/sustained.ts';
import { formatRate, formatSeconds } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { describe, formatSize } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';
import { tflopsOf } from '../record/rate.ts';
import { type ChartLayout, heading, type Panel, type Position, sentenceChart, stacked, VEGA_LITE } from './frame.ts';

const RATE = 'rate, of its burst';
const CLOCK = 'clock of a core, of that in the first second';
const SUSTAINED = 'sustained';

const gigahertz = (hertz: number) => `${(hertz / 1e9).toFixed(2)} GHz`;

/** A panel for each kernel and workload: seconds to the right, percent of the burst upwards. */
export function sustainedChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const cases = sustainedCases(run);
  if (cases.length === 0) return sentenceChart([nothingToDraw.sustained], layout);
  const kinds = [RATE, ...(cases.some(({ run: { clocks } }) => clocks !== undefined) ? [CLOCK] : [])];
  const panels = cases.map((item, index) => panelOf(item, kinds, index === cases.length - 1, layout));
  return {
    $schema: VEGA_LITE,
    title: heading(
      finding(cases),
      [
        'Each kernel by itself without a pause, after a rest. Burst: the first second, or the first run where that took longer; published figures are bursts. Sustained (dashed): the second half of the time.',
        ...(cases.some(({ clock }) => clock === null)
          ? [
              'The clock is read beside WebAssembly and machine code only, by a chain of dependent additions between the runs.',
            ]
          : []),
      ],
      layout,
    ),
    vconcat: stacked(panels),
    spacing: 14,
  };
}

function panelOf(
  { kernel, measurement, run, share, clock }: SustainedCase,
  kinds: readonly string[],
  last: boolean,
  layout: ChartLayout,
): Panel {
  const first = clock?.burst ?? run.clocks?.[0]?.hertz ?? Number.NaN;
  const { workload: w } = measurement;
  const rows = [
    ...run.samples.map((sample) => ({
      at: sample.at + sample.seconds / 2,
      percent: (100 * tflopsOf(sample)) / run.burst,
      what: RATE,
      detail: formatRate(tflopsOf(sample)),
    })),
    ...(run.clocks ?? []).map(({ at, hertz }) => ({
      at,
      percent: (100 * hertz) / first,
      what: CLOCK,
      detail: gigahertz(hertz),
    })),
  ];
  const x = {
    field: 'at',
    type: 'quantitative',
    title: last ? 'seconds without a pause' : null,
    scale: { domain: [0, run.seconds], nice: false },
    axis: { grid: false },
  } satisfies Position;
  const y = {
    field: 'percent',
    type: 'quantitative',
    title: '% of the begin',
    scale: { zero: false, padding: 6 },
    axis: { minExtent: 36 },
  } satisfies Position;
  const color = {
    field: 'what',
    scale: { domain: [...kinds], range: ['#009E73', '#999999'] },
    title: null,
    legend: { orient: 'bottom' as const, columns: layout === 'wide' ? 2 : 1 },
  };
  return {
    title:
      layout === 'wide'
        ? `${kernel}, ${describe(w)}: burst ${formatRate(run.burst)}, sustained ${formatRate(run.sustained)}`
        : `${kernel}, ${formatSize(w.seqKv)} ${w.mask}`,
    chart: {
      width: layout === 'wide' ? 740 : 270,
      height: 150,
      layer: [
        {
          data: { values: [{ percent: 100 * share, what: SUSTAINED }] },
          mark: { type: 'rule', strokeDash: [5, 4], color: '#D55E00', strokeWidth: 1.5 },
          encoding: { y },
        },
        { data: { values: rows }, mark: { type: 'line', strokeWidth: 1, opacity: 0.5 }, encoding: { x, y, color } },
        {
          data: { values: rows },
          mark: { type: 'circle', size: 22, opacity: 0.8 },
          encoding: { x, y, color, tooltip: [{ field: 'what' }, { field: 'detail' }, { field: 'at', format: '.1f' }] },
        },
      ],
    },
  };
}

/** The kernel that is fastest in its burst: what it keeps, and what the clock does. */
function finding(cases: readonly SustainedCase[]): string {
  const { kernel, run, share, clock } = cases.reduce((best, item) => (item.run.burst > best.run.burst ? item : best));
  const kept = `${kernel} sustains ${(100 * share).toFixed(0)} % of its burst over ${formatSeconds(run.seconds)}, ${formatRate(run.sustained)} of ${formatRate(run.burst)}`;
  if (clock === null) return kept;
  return `${kept}; a core's clock goes from ${gigahertz(clock.burst)} to ${gigahertz(clock.sustained)}`;
}
