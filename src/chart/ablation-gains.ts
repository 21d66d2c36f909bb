/** What each technique of the AVO paper gains here, with its interval, beside its gain on B200. */

import type { TopLevelSpec } from 'vega-lite';
import { ablationGains, gainOf, PUBLISHED_GAINS } from '../compare/technique-gains.ts';
import { nothingToDraw } from '../messages.ts';
import { formatSize } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';
import {
  type ChartLayout,
  heading,
  masksOf,
  type Panel,
  type Position,
  sentenceChart,
  stacked,
  VEGA_LITE,
} from './frame.ts';
import { seriesScale } from './palette.ts';

/** Gains in percent, a panel for each mask. Draws a sentence if the run holds no ablation. */
export function ablationChart(run: RunDocument, layout: ChartLayout = 'wide'): TopLevelSpec {
  const gains = ablationGains(run);
  if (gains.length === 0) {
    return sentenceChart([nothingToDraw.ablation], layout);
  }
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
        };
        const here = own
          .filter(({ technique }) => technique === published.technique)
          .map(({ technique, on, off, gain, low, high, backend }) => ({
            technique: published.name,
            mask,
            what: `${backend === 'webgpu' ? 'wgsl' : backend}-flash`,
            label: layout === 'wide' ? `${on} over ${off}` : technique === 'overlap' ? on : off,
            gain,
            low: low ?? gain,
            high: high ?? gain,
          }));
        return [B200, ...here];
      },
    );
  });
  const labels = [...new Set(rows.map(({ label }) => label))];
  const y = {
    field: 'label',
    type: 'nominal',
    title: null,
    sort: labels,
    axis: { labelLimit: layout === 'wide' ? 300 : 180, minExtent: layout === 'wide' ? 230 : 180 },
  } satisfies Position;
  const ends = rows.flatMap(({ low, high }) => [low, high]);
  const domain = [Math.min(0, ...ends), Math.max(0, ...ends)];
  const x = { field: 'gain', type: 'quantitative', title: 'gain, %', scale: { domain } } satisfies Position;
  const color = { field: 'what', scale: seriesScale(rows.map(({ what }) => what)), legend: null };
  const lengths = [...new Set(gains.map(({ workload }) => formatSize(workload.seqKv)))].join(', ');
  const panels = masks.map(
    (mask): Panel => ({
      title: `${mask} mask`,
      chart: {
        data: { values: rows.filter((row) => row.mask === mask) },
        width: layout === 'wide' ? 480 : 130,
        height: { step: 20 },
        layer: [
          { mark: { type: 'bar', tooltip: true }, encoding: { y, x, color } },
          { mark: { type: 'rule' }, encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } } },
        ],
      },
    }),
  );
  return {
    $schema: VEGA_LITE,
    title: heading(
      finding(gains),
      [
        `Here: ${lengths}, paired rounds; lines are 95 % intervals. B200: ${PUBLISHED_GAINS[0]?.source}, geometric mean over 4k to 32k.`,
      ],
      layout,
    ),
    vconcat: stacked(panels),
    spacing: 14,
  };
}

function finding(gains: ReturnType<typeof ablationGains>): string {
  const sure = ({ low, high }: (typeof gains)[number]) => low !== null && high !== null && (low > 0 || high < 0);
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
  return parts.length === 0 ? 'No technique gains more than the noise here' : parts.join('; ');
}

/** "-2.6 to +0.1 %", or the number alone if there is only one. */
function span(values: readonly number[]): string {
  const [least, most] = [Math.min(...values), Math.max(...values)].map(
    (value) => `${value >= 0 ? '+' : ''}${value.toFixed(1)}`,
  );
  return values.length === 1 ? `${most} %` : `${least} to ${most} %`;
}
