/** Published figures of B200 beside those of the model, a panel for each mask and number of KV heads. */

import type { TopLevelSpec } from 'vega-lite';
import { formatChange } from '../format.ts';
import type { B200Model, ModelPoint } from '../model/b200.ts';
import { formatSize, isGrouped } from '../problem/workload.ts';
import { heading, lengthAxis, type Position, VEGA_LITE } from './frame.ts';
import { seriesScale } from './palette.ts';

/** Circles of the model: filled where the figure was fitted. */
const FILLS: Record<ModelPoint['role'], string> = { fitted: '#666666', predicted: 'transparent' };
/** Pixels of both panels and the legend beside them. */
const WIDTH = 980;

/** TFLOPS by sequence length: published figures with their error bars, and the model's fitted and predicted ones. */
export function modelChart(model: B200Model, figure: 'mha' | 'gqa'): TopLevelSpec {
  const points = model.points.filter(({ workload }) => isGrouped(workload) === (figure === 'gqa'));
  const rows = points.map((point) => ({
    library: point.library,
    seq: formatSize(point.workload.seqKv),
    order: point.workload.seqKv,
    panel: `${point.workload.mask} mask${figure === 'gqa' ? `, ${point.workload.kvHeads} KV heads` : ''}`,
    published: point.published,
    low: point.published - (point.publishedError ?? 0),
    high: point.published + (point.publishedError ?? 0),
    model: point.model,
    role: point.role,
    error: formatChange(100 * point.error),
    source: point.source,
  }));
  const series = seriesScale(points.map(({ library }) => library));
  const seqs = [...new Set([...rows].sort((a, b) => a.order - b.order).map(({ seq }) => seq))];
  const roles = ['fitted', 'predicted'].filter((role) => points.some((point) => point.role === role));
  const panels = [...new Set(rows.map(({ panel }) => panel))].sort(
    (a, b) => Number(b.startsWith('full')) - Number(a.startsWith('full')),
  );
  const x = lengthAxis(seqs);
  const xOffset = { field: 'library', sort: series.domain };
  const color = { field: 'library', scale: series, title: 'published' };
  const y = { type: 'quantitative', scale: { zero: false }, title: 'TFLOPS' } satisfies Position;
  const tooltip = ['library', 'published', 'model', 'error', 'role', 'source'].map((field) => ({ field }));
  return {
    $schema: VEGA_LITE,
    title: heading(title(model, figure), subtitle(model, figure), 'wide', WIDTH),
    data: { values: rows },
    facet: { field: 'panel', sort: panels, title: null },
    columns: 2,
    spec: {
      width: { step: 26 },
      height: figure === 'gqa' ? 220 : 280,
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 2 },
          encoding: { x, xOffset, y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
        },
        {
          mark: { type: 'tick', thickness: 5, width: 18, opacity: 1 },
          encoding: { x, xOffset, y: { ...y, field: 'published' }, color, tooltip },
        },
        {
          mark: { type: 'point', size: 70, strokeWidth: 1.5, opacity: 1 },
          encoding: {
            x,
            xOffset,
            y: { ...y, field: 'model' },
            fill: {
              field: 'role',
              scale: { domain: roles, range: roles.map((role) => FILLS[role as ModelPoint['role']]) },
              title: 'model',
            },
            tooltip,
          },
        },
      ],
    },
  };
}

function title(model: B200Model, figure: 'mha' | 'gqa'): string {
  const [causal, gqa] = ['causal MHA, 8k to 32k', 'GQA without a mask, 4k to 16k'].map((name) =>
    model.predictions.find(({ set }) => set === name),
  );
  const percent = (value = Number.NaN, digits = 2) => (100 * value).toFixed(digits);
  return figure === 'mha'
    ? `Fitted on five figures of each library, the model predicts causal MHA at 8k to 32k within ${percent(causal?.largestError, 1)} %`
    : `For GQA the model is no better than the MHA figures: mean errors of ${percent(gqa?.meanError)} and ${percent(gqa?.naiveMeanError)} % without a mask at 4k to 16k`;
}

function subtitle(model: B200Model, figure: 'mha' | 'gqa'): string[] {
  const shape = figure === 'mha' ? '16 heads' : '32 query heads; nothing here was fitted';
  return [
    `B200, BF16, forward, head dimension 128, 32k tokens, ${shape}. Marks with error bars: bursts, AVO arXiv:2603.24517v1.`,
    figure === 'gqa'
      ? `At 32k without a mask it is ${longestMisses(model)} too fast. Those passes take more than 10 ms, longer than all others: a clock that falls during a pass would explain it.`
      : 'Filled circles were fitted (no mask; causal at 4k); open circles are predicted.',
  ];
}

/** The smallest and the largest error of GQA at 32k without a mask: "9 to 14 %". */
function longestMisses({ points }: B200Model): string {
  const errors = points
    .filter(({ workload: w }) => isGrouped(w) && w.mask === 'full' && w.seqKv === 32_768)
    .map(({ error }) => 100 * error);
  return `${Math.min(...errors).toFixed(0)} to ${Math.max(...errors).toFixed(0)} %`;
}
