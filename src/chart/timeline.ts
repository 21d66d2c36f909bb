/** Which agents work and which wait during one key block of the simulated pipeline. */

import type { TopLevelSpec } from 'vega-lite';
import { B200 } from '../model/chip.ts';
import { AVO_DESIGN } from '../model/pipeline.ts';
import { busyShares, mergePieces, steadyPeriod, steadyState } from '../model/steady-state.ts';
import { heading, type Position, VEGA_LITE } from './frame.ts';

const AGENTS = ['tensor', 'softmax 0', 'softmax 1', 'correction', 'load'] as const;

/** One key block of AVO's simulated pipeline: a row for each agent, clocks to the right. */
export function timelineChart(): TopLevelSpec {
  const { clocks, intervals } = steadyPeriod(AVO_DESIGN, B200);
  const { blockClocks } = steadyState(AVO_DESIGN, B200);
  const shares = busyShares(AVO_DESIGN, B200);
  const busiest = shares.reduce((best, item) => (item.share > best.share ? item : best));
  const spans = AGENTS.flatMap((agent) => mergePieces(intervals.filter((item) => item.agent === agent)));
  const rows = spans.map((item) => ({
    ...item,
    who: item.stage === null ? 'both stages' : `stage ${item.stage}`,
    // A label only if it fits: a letter takes some 18 clocks.
    text: item.to - item.from > Math.max(100, 18 * item.label.length) ? item.label : '',
    middle: (item.from + item.to) / 2,
  }));
  const y = { field: 'agent', type: 'nominal', sort: [...AGENTS], title: null } satisfies Position;
  return {
    $schema: VEGA_LITE,
    title: heading(
      `Simulated: of ${blockClocks.toFixed(0)} clocks for a key block the ${busiest.name} works ${(100 * busiest.share).toFixed(0)} %`,
      [
        `AVO's design on one multiprocessor, with assumed clocks: one block of 128 keys in steady state (this one takes ${clocks.toFixed(0)}), two stages of 128 query rows.`,
        'An illustration of how such a kernel overlaps its work: which group is the busiest hangs on the assumed clocks.',
        `Busy: ${shares.map(({ name, share }) => `${name} ${(100 * share).toFixed(0)} %`).join(', ')}.`,
      ],
      'wide',
    ),
    data: { values: rows },
    width: 760,
    height: { step: 42 },
    layer: [
      {
        mark: { type: 'bar', height: 26, stroke: '#ffffff', strokeWidth: 1, tooltip: true },
        encoding: {
          y,
          x: {
            field: 'from',
            type: 'quantitative',
            title: 'clocks',
            scale: { domain: [0, clocks], nice: false },
            axis: { tickCount: 6 },
          },
          x2: { field: 'to' },
          color: {
            field: 'who',
            scale: { domain: ['stage 0', 'stage 1', 'both stages'], range: ['#56B4E9', '#E69F00', '#BBBBBB'] },
            title: null,
            legend: { orient: 'bottom' },
          },
          tooltip: ['agent', 'label', 'who', 'from', 'to'].map((field) => ({ field })),
        },
      },
      {
        mark: { type: 'text', fontSize: 10, color: '#222222' },
        encoding: { y, x: { field: 'middle', type: 'quantitative' }, text: { field: 'text' } },
      },
    ],
  };
}
