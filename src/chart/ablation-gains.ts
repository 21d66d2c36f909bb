/** What each technique of the AVO paper gains here, with its interval, beside its gain on B200. */

import type { TopLevelSpec } from 'vega-lite';
import { type AblationGain, ablationGains, gainOf, PUBLISHED_GAINS } from '../compare/technique-gains.ts';
import { formatChange, signed } from '../format.ts';
import { nothingToDraw } from '../messages.ts';
import { formatSize } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';
import {
  type ChartLayout,
  heading,
  masksOf,
  ONCE,
  type Panel,
  type Position,
  sentenceChart,
  stacked,
  VEGA_LITE,
  valueWidth,
} from './frame.ts';
import { seriesScale } from './palette.ts';

/** Pixels of the values beside bars. */
const TEXT_SIZE = 10;
/** Percent around 0 within which the axis is nearly linear; beyond, a large gain leaves the small ones visible. */
const LINEAR = 5;

/** Pixels from the middle of one label of the axis to that of the next. */
const LABEL = 26;

/** A gain with its interval. */
type SureGain = AblationGain & { low: number; high: number };

/** Gains in percent, a panel for each mask. Draws a sentence if the run holds no ablation, or none with an interval. */
export function ablationChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const all = ablationGains(run);
  if (all.length === 0) return sentenceChart([nothingToDraw.ablation], layout);
  // A gain without an interval is not told.
  const gains = all.flatMap((gain): SureGain[] => {
    const { low, high } = gain;
    return low === null || high === null ? [] : [{ ...gain, low, high }];
  });
  if (gains.length === 0) return sentenceChart([nothingToDraw.ablationRounds], layout);
  const masks = masksOf(gains.map(({ workload }) => workload));
  const rows = masks.flatMap((mask) => {
    const own = gains.filter(({ workload }) => workload.mask === mask);
    return PUBLISHED_GAINS.filter(({ technique }) => own.some((gain) => gain.technique === technique)).flatMap(
      (published) => {
        const value = published[mask as 'full' | 'causal'];
        const B200 = {
          technique: published.name,
          mask,
          what: 'AVO',
          label: `AVO${layout === 'wide' ? ' on B200' : ''}: ${published.name}`,
          gain: value,
          low: value,
          high: value,
          end: Math.max(0, value),
          text: formatChange(value),
        };
        const here = own
          .filter(({ technique }) => technique === published.technique)
          .map(({ on, off, gain, low, high, backend }) => {
            const what = `${backend === 'webgpu' ? 'wgsl' : backend}-flash`;
            const short = on === what ? `over ${off}` : on;
            return {
              technique: published.name,
              mask,
              what,
              label: layout === 'wide' ? `${on} over ${off}` : short,
              gain,
              low,
              high,
              end: Math.max(0, high),
              text: valueText(gain, low, high, layout),
            };
          });
        return [B200, ...here];
      },
    );
  });
  const narrow = layout === 'narrow';
  const labels = [...new Set(rows.map(({ label }) => label))];
  const width = narrow ? 180 : 560;
  const axis = gainAxis(
    rows.flatMap(({ low, high }) => [low, high]),
    width,
    Math.max(...rows.map(({ text }) => valueWidth(text, TEXT_SIZE))),
  );
  const y = {
    field: 'label',
    type: 'nominal',
    title: null,
    sort: labels,
    axis: { labelLimit: narrow ? 180 : 300, minExtent: narrow ? 145 : 230, grid: false },
  } satisfies Position;
  const xOf = (last: boolean) =>
    ({
      field: 'gain',
      type: 'quantitative',
      title: last ? ['gain, %', '(steps shrink away from 0)'] : null,
      scale: { type: 'symlog', constant: LINEAR, domain: axis.domain, nice: false },
      axis: { values: axis.values, format: 'd' },
    }) satisfies Position;
  const color = { field: 'what', scale: seriesScale(rows.map(({ what }) => what)), legend: null };
  const lengths = [...new Set(gains.map(({ workload }) => formatSize(workload.seqKv)))].join(', ');
  const panels = masks.map((mask, index): Panel => {
    const x = xOf(index === masks.length - 1);
    return {
      title: `${mask} mask`,
      chart: {
        data: { values: rows.filter((row) => row.mask === mask) },
        width,
        height: { step: 20 },
        layer: [
          { data: ONCE, mark: { type: 'rule', strokeWidth: 1 }, encoding: { x: { ...x, field: undefined, datum: 0 } } },
          { mark: { type: 'bar', height: 12, tooltip: true }, encoding: { y, x, color } },
          { mark: { type: 'rule' }, encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } } },
          {
            mark: { type: 'text', align: 'left', dx: 6, fontSize: TEXT_SIZE },
            encoding: { y, x: { ...x, field: 'end' }, text: { field: 'text' } },
          },
        ],
      },
    };
  });
  return {
    $schema: VEGA_LITE,
    title: heading(
      finding(gains),
      [
        `Here: ${lengths}, paired rounds; lines and brackets are 95 % intervals. B200: ${PUBLISHED_GAINS[0]?.source}, geometric mean over 4k to 32k.`,
      ],
      layout,
    ),
    vconcat: stacked(panels),
    spacing: 14,
  };
}

/** What stands beside a bar: the gain, and its interval where the chart is wide enough. */
function valueText(gain: number, low: number, high: number, layout: ChartLayout): string {
  const value = formatChange(gain);
  return layout === 'narrow' ? value : `${value} [${formatChange(low).replace(' %', '')}, ${formatChange(high)}]`;
}

/** Domain and grid of the gains: all of every interval, and `room` pixels beside the largest for its value. */
function gainAxis(
  ends: readonly number[],
  width: number,
  room: number,
): { domain: [number, number]; values: number[] } {
  const place = (value: number) => Math.sign(value) * Math.log1p(Math.abs(value) / LINEAR);
  const [least, most] = [Math.min(-1, ...ends), Math.max(1, ...ends)];
  const perPixel = (place(most) - place(least)) / (width - room - 20);
  const beyond = (value: number, pixels: number) => {
    const moved = place(value) + pixels * perPixel;
    return Math.sign(moved) * LINEAR * Math.expm1(Math.abs(moved));
  };
  // From 0 outwards, each with room for its label.
  const steps: number[] = [0];
  for (const step of [2, 5, 10, 20, 50, 100, 200, 500, 1000]) {
    if (place(step) - place(steps.at(-1) ?? 0) >= LABEL * perPixel) steps.push(step);
  }
  return {
    domain: [beyond(least, -8), beyond(most, room + 12)],
    values: [...steps.slice(1).map((step) => -step), ...steps].filter((value) => value >= least && value <= most),
  };
}

function finding(gains: readonly SureGain[]): string {
  const sure = ({ low, high }: SureGain) => low > 0 || high < 0;
  const branch = gains.filter(({ technique }) => technique === 'branchless');
  const parts: string[] = [];
  if (branch.length > 0) {
    const found = branch.map(({ gain }) => gain);
    const noise = branch.some(sure) ? '' : ', within noise';
    parts.push(`Branch-free rescaling, +${gainOf('branchless', 'full')} % on B200, gains ${span(found)} here${noise}`);
  }
  const [best] = gains.filter((gain) => gain.technique !== 'branchless' && sure(gain)).sort((a, b) => b.gain - a.gain);
  if (best !== undefined)
    parts.push(`what matters here is ${best.name}: ${best.on} is ${best.gain.toFixed(0)} % faster than ${best.off}`);
  const text = parts.length === 0 ? 'no technique gains more than the noise here' : parts.join('; ');
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

/** "-2.6 to +0.1 %", or the number alone if there is only one. */
function span(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => signed(value));
  return values.length === 1 ? `${most} %` : `${least} to ${most} %`;
}
