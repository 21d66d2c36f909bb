/** Published figures are bursts: the error bar of each figure of the AVO paper against the time of its pass. */

import type { TopLevelSpec } from 'vega-lite';
import { burstFinding, burstPoints, ONE_LAUNCH_SECONDS } from '../compare/bursts.ts';
import { formatDuration, formatRate } from '../format.ts';
import { describe, isGrouped } from '../problem/workload.ts';
import { heading, ONCE, type Position, VEGA_LITE } from './frame.ts';
import { seriesScale } from './palette.ts';

const WIDTH = 680;
const HEIGHT = 300;

/** A dot for each figure that has an error bar, both axes logarithmic; libraries by colour, MHA and GQA by shape. */
export function burstsChart(): TopLevelSpec {
  const points = burstPoints();
  const rows = points.map(({ figure, error, passSeconds }) => ({
    library: figure.library,
    heads: isGrouped(figure.workload) ? 'GQA' : 'MHA',
    milliseconds: 1e3 * passSeconds,
    error,
    detail: `${formatRate(figure.tflops)} ± ${error}, ${formatDuration(passSeconds)}: ${describe(figure.workload)}, ${figure.source}`,
  }));
  const x = {
    field: 'milliseconds',
    type: 'quantitative',
    scale: { type: 'log', domain: [0.3, 16], nice: false },
    title: 'time per pass, ms (log scale)',
    axis: { values: [0.5, 1, 2, 5, 10], format: '~g', grid: false },
  } satisfies Position;
  const y = {
    field: 'error',
    type: 'quantitative',
    scale: { type: 'log', domain: [0.2, 120], nice: false },
    title: 'error bar, TFLOPS (log scale)',
    axis: { values: [0.3, 1, 3, 10, 30, 100], format: '~g' },
  } satisfies Position;
  const limit = { ...x, field: undefined, datum: 1e3 * ONE_LAUNCH_SECONDS };
  return {
    $schema: VEGA_LITE,
    title: heading(
      burstFinding(points),
      [
        `The ${points.length} figures of AVO arXiv:2603.24517v1 Fig3 and Fig4 on a B200. The time of a pass is its FLOPs over its published rate.`,
        'Dashed: 5 ms. Of a longer pass only one launch fits the 10 ms of the benchmark script, so nothing is averaged.',
      ],
      'wide',
    ),
    data: { values: rows },
    width: WIDTH,
    height: HEIGHT,
    layer: [
      { data: ONCE, mark: { type: 'rule', strokeDash: [6, 4], strokeWidth: 1 }, encoding: { x: limit } },
      {
        mark: { type: 'point', filled: true, size: 55, opacity: 0.85, strokeWidth: 0 },
        encoding: {
          x,
          y,
          color: { field: 'library', scale: seriesScale(rows.map(({ library }) => library)), title: null },
          shape: { field: 'heads', scale: { domain: ['MHA', 'GQA'], range: ['circle', 'triangle-up'] }, title: null },
          tooltip: [{ field: 'library' }, { field: 'detail' }],
        },
      },
    ],
  };
}
