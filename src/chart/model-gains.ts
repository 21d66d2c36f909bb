/** The three techniques of the AVO paper: their published gains beside the simulated ones. */

import type { TopLevelSpec } from 'vega-lite';
import { PUBLISHED_GAINS, publishedGain } from '../compare/technique-gains.ts';
import { formatChange } from '../format.ts';
import type { B200Model } from '../model/b200.ts';
import { ABLATION_SOURCE } from '../model/simulated-ablation.ts';
import { type Position, VEGA_LITE } from './frame.ts';

/** Gains in percent by technique and mask, published and simulated side by side. */
export function modelAblationChart(model: B200Model): TopLevelSpec {
  const rows = model.ablation.flatMap(({ idea, mask, published, model: simulated }) =>
    [
      { what: 'published', gain: published },
      { what: 'simulated', gain: simulated },
    ].map((row) => ({
      ...row,
      technique: publishedGain(idea).name,
      mask: `${mask} mask`,
      label: formatChange(row.gain),
    })),
  );
  const y = {
    field: 'technique',
    type: 'nominal',
    sort: PUBLISHED_GAINS.map(({ name }) => name),
    title: null,
    axis: { labelLimit: 300 },
  } satisfies Position;
  const yOffset = { field: 'what', sort: ['published', 'simulated'] };
  const x = { field: 'gain', type: 'quantitative', title: 'gain, %', scale: { domain: [0, 10] } } satisfies Position;
  return {
    $schema: VEGA_LITE,
    title: {
      text: 'One busy correction group explains the gains without a mask; under the causal mask it predicts more than was found',
      subtitle: [
        `Published: ${ABLATION_SOURCE}, geometric mean over 4k to 32k. Simulated: assumed clocks, see bench model b200.`,
      ],
    },
    data: { values: rows },
    facet: {
      column: { field: 'mask', sort: ['full mask', 'causal mask'], title: null },
    },
    spec: {
      width: 300,
      height: { step: 22 },
      layer: [
        {
          mark: { type: 'bar' },
          encoding: {
            y,
            yOffset,
            x,
            color: {
              field: 'what',
              scale: { domain: ['published', 'simulated'], range: ['#D55E00', '#56B4E9'] },
              title: null,
              legend: { orient: 'bottom' },
            },
          },
        },
        {
          mark: { type: 'text', align: 'left', dx: 5, fontSize: 11 },
          encoding: { y, yOffset, x, text: { field: 'label' } },
        },
      ],
    },
  };
}
