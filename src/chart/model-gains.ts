/** The three techniques of the AVO paper: their published gains at each length beside the simulated ones. */

import type { TopLevelSpec } from 'vega-lite';
import { EVOLUTION } from '../compare/evolution.ts';
import { PUBLISHED_GAINS, publishedGain } from '../compare/technique-gains.ts';
import { formatChange } from '../format.ts';
import type { B200Model } from '../model/b200.ts';
import { formatSize } from '../problem/workload.ts';
import { heading, lengthAxis, ONCE, type Position, VEGA_LITE } from './frame.ts';

/** Gains in percent against the length, published and simulated: a column for each technique, a row for each mask. */
export function modelAblationChart(model: B200Model): TopLevelSpec {
  const rows = model.ablation.flatMap(({ idea, mask, lengths }) =>
    lengths.flatMap(({ seq, published, model: simulated }) =>
      [
        { what: 'published', gain: published },
        { what: 'simulated', gain: simulated },
      ].map((row) => ({
        ...row,
        technique: publishedGain(idea).name,
        mask: `${mask} mask`,
        seq: formatSize(seq),
      })),
    ),
  );
  const x = lengthAxis(EVOLUTION.seqs.map(formatSize));
  const y = { field: 'gain', type: 'quantitative', title: 'gain, %', scale: { padding: 8 } } satisfies Position;
  const color = {
    field: 'what',
    scale: { domain: ['published', 'simulated'], range: ['#D55E00', '#56B4E9'] },
    title: null,
    legend: { orient: 'bottom' },
  } as const;
  return {
    $schema: VEGA_LITE,
    title: heading(
      title(model),
      [
        `Published: versions 19 to 20, 29 to 30 and 32 to 33 in ${EVOLUTION.source}, read from the drawing.`,
        'Simulated: one pipeline for both masks, with assumed clocks; an illustration, which these gains refute.',
      ],
      'wide',
    ),
    data: { values: rows },
    facet: {
      column: { field: 'technique', sort: PUBLISHED_GAINS.map(({ name }) => name), title: null },
      row: { field: 'mask', sort: ['full mask', 'causal mask'], title: null },
    },
    spec: {
      width: 210,
      height: 170,
      layer: [
        { data: ONCE, mark: { type: 'rule', strokeWidth: 1 }, encoding: { y: { datum: 0 } } },
        { mark: { type: 'line', strokeWidth: 2.5 }, encoding: { x, y, color } },
        {
          mark: { type: 'circle', size: 50, opacity: 1 },
          encoding: { x, y, color, tooltip: [{ field: 'what' }, { field: 'gain', format: '.1f' }] },
        },
      ],
    },
  };
}

/** Branch-free rescaling without a mask, from the shortest length to the longest. */
function title({ ablation }: B200Model): string {
  const lengths = ablation.find(({ idea, mask }) => idea === 'branchless' && mask === 'full')?.lengths ?? [];
  const ends = (of: (item: (typeof lengths)[number]) => number) =>
    lengths
      .filter((_, index) => index === 0 || index === lengths.length - 1)
      .map((item) => formatChange(of(item)))
      .join(' to ');
  return `Without a mask, branch-free rescaling gained more the longer the sequence, ${ends(({ published }) => published)}; the simulated gain falls, ${ends(({ model }) => model)}`;
}
