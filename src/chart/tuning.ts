/** The search for a kernel configuration: the ratio of every candidate to the shipped one, and the best so far. */

import type { TopLevelSpec } from 'vega-lite';
import { describeConfiguration, sameConfiguration } from '../../kernels/tunable.ts';
import { finalist, isComplete, LAST_RUNG, type Search, winner } from '../measure/search-record.ts';
import { nothingToDraw } from '../messages.ts';
import { type ChartLayout, heading, type Position, sentenceChart, VEGA_LITE } from './frame.ts';

/** Throughput of every candidate of a search over the shipped configuration; a sentence if there was no search. */
export function tuningChart(search: Search | null, layout: ChartLayout = 'wide'): TopLevelSpec {
  if (search === null) {
    return sentenceChart([nothingToDraw.search], layout);
  }
  const first = search.trials.filter(({ rung }) => rung === 0);
  if (first.every(({ ratio }) => ratio === null)) {
    return sentenceChart([nothingToDraw.candidates(search.kernel, search.device)], layout);
  }
  // First paired comparisons are short, so the curve follows the last ones, which only the best candidates reach.
  const finals = search.trials.filter(({ rung }) => rung === LAST_RUNG);
  let best = 1;
  const rows = first.map(({ ratio, tile, message }, index) => {
    const last = finals.filter((trial) => sameConfiguration(trial.tile, tile)).at(-1);
    best = Math.max(best, last?.low != null && last.low > 1 ? (last.ratio ?? 1) : 1);
    const bounds = { final: last?.ratio ?? null, low: last?.low ?? null, high: last?.high ?? null };
    return { number: index + 1, ratio, best, tile: describeConfiguration(tile), message: message ?? '', ...bounds };
  });
  const measured = rows.filter(({ ratio }) => ratio !== null);
  const ratios = measured.flatMap(({ ratio, low, high }) => [ratio ?? 1, low ?? 1, high ?? 1]);
  const x = {
    field: 'number',
    type: 'quantitative',
    title: 'candidate',
    axis: { tickMinStep: 1, grid: false },
  } satisfies Position;
  const y = {
    type: 'quantitative',
    title: 'throughput over the default',
    scale: { domain: [Math.min(0.9, ...ratios) - 0.02, Math.max(1.1, ...ratios) + 0.02], nice: false },
  } satisfies Position;
  const failed = first.length - measured.length;
  const subtitle = [
    `${search.kernel}, head dimension ${search.headDim}, ${search.mask} mask, ${search.dtype}, on ${search.device}. Dots: first paired comparisons, two rounds each. Diamonds: last paired comparisons with 95 % intervals. Line: the best so far that is better beyond the noise.`,
    `${first.length} of ${search.candidates.length} candidates ran against the default configuration${failed === 0 ? '' : `, ${failed} of them without a result`}; the best ran against it again for longer.`,
  ];
  return {
    $schema: VEGA_LITE,
    title: heading(finding(search), subtitle, layout),
    data: { values: rows },
    width: layout === 'wide' ? 760 : 260,
    height: layout === 'wide' ? 280 : 220,
    layer: [
      { mark: { type: 'rule', strokeDash: [4, 3] }, encoding: { y: { datum: 1, ...y } } },
      {
        mark: { type: 'line', interpolate: 'step-after', color: '#D55E00', strokeWidth: 2 },
        encoding: { x, y: { ...y, field: 'best' } },
      },
      {
        transform: [{ filter: 'datum.ratio !== null' }],
        mark: { type: 'circle', size: 40, color: '#0072B2', opacity: 0.6 },
        encoding: { x, y: { ...y, field: 'ratio' }, tooltip: [{ field: 'tile' }, { field: 'ratio', format: '.3f' }] },
      },
      {
        transform: [{ filter: 'datum.low !== null' }],
        mark: { type: 'rule', color: '#D55E00', strokeWidth: 1.5 },
        encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } },
      },
      {
        transform: [{ filter: 'datum.final !== null' }],
        mark: { type: 'point', shape: 'diamond', size: 90, fill: '#D55E00', strokeWidth: 1 },
        encoding: { x, y: { ...y, field: 'final' }, tooltip: [{ field: 'tile' }, { field: 'final', format: '.3f' }] },
      },
    ],
  };
}

function finding(search: Search): string {
  const won = winner(search);
  const last = finalist(search);
  const part = isComplete(search) ? '' : ' so far';
  if (won !== null)
    return `A configuration runs at ${won.ratio?.toFixed(2)} times the default one${part}, beyond the noise`;
  if (last === undefined) return `The search has not reached its last paired comparisons${part}`;
  return `No better configuration found${part}: the best other one, ${last.ratio?.toFixed(2)} times the default, is within the noise`;
}
