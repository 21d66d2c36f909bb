/** How AVO's kernel grew over its versions: the best geometric mean so far, each length, and the libraries as rules. */

import type { TopLevelSpec } from 'vega-lite';
import { EVOLUTION, EVOLUTION_MASKS, type EvolutionGain, evolutionGain } from '../compare/evolution.ts';
import { formatChange } from '../format.ts';
import { formatSize } from '../problem/workload.ts';
import { heading, type Layer, type Panel, type Position, stacked, VEGA_LITE } from './frame.ts';

type EvolutionMask = EvolutionGain['mask'];

/** Pixels of a panel and of the legend beside it. */
const WIDTH = 990;
const BEST = 'best geometric mean so far';
const LENGTH_COLOURS = ['#CBB3E3', '#A987D0', '#8658B5', '#5E3C99'];
/** TFLOPS from the bottom of a panel to its top: room below the data for gains, above it for names. */
const DOMAIN: Record<EvolutionMask, [number, number]> = { full: [1120, 1800], causal: [850, 1800] };

/** The evolution of figures 5 and 6 of the AVO paper, a panel for each mask. */
export function evolutionChart(): TopLevelSpec {
  const { versions, source, protocol } = EVOLUTION;
  const last = versions.at(-1)?.version ?? 0;
  const overlap = evolutionGain('overlap', 'full');
  return {
    $schema: VEGA_LITE,
    title: heading(
      title(),
      [
        `${protocol}. Read from the drawing of ${source}: ${versions.length} of the ${last} versions.`,
        'Thick: the best geometric mean of the four lengths so far. Dots: that of each version. Thin: each length.',
        'Dashed: the geometric means of cuDNN 9.19.1 and FA4. Dotted: the turning points that the paper names.',
        `Grey: the steps of its ablation, with gains of the geometric mean; table 1 prints ${formatChange(overlap.published)} for the overlap without a mask.`,
      ],
      'wide',
      WIDTH,
    ),
    vconcat: stacked(EVOLUTION_MASKS.map(panel)),
    spacing: 18,
  };
}

/** The finding: which steps of the ablation set a new best without a mask. */
function title(): string {
  const [branchless, overlap, registers] = (['branchless', 'overlap', 'registers'] as const).map((technique) =>
    formatChange(evolutionGain(technique, 'full').geometricMean.gain),
  );
  return `Without a mask, branch-free rescaling (${branchless}) set a new best; overlap (${overlap}) and registers (${registers}) won back part of what versions 28 and 29 had lost`;
}

function panel(mask: EvolutionMask): Panel {
  const { versions, seqs, turningPoints, libraries, gains } = EVOLUTION;
  const names = seqs.map(formatSize);
  const lengths = versions.flatMap(({ version, [mask]: { tflops } }) =>
    tflops.flatMap((value, index) => (value === null ? [] : [{ version, series: names[index] ?? '', tflops: value }])),
  );
  const means = versions.flatMap(({ version, [mask]: { geometricMean, best } }) =>
    geometricMean === null ? [] : [{ version, tflops: geometricMean, best, series: BEST }],
  );
  const [bottom, top] = DOMAIN[mask];
  const x = {
    field: 'version',
    type: 'quantitative',
    title: 'version of the kernel',
    scale: { domain: [7, 41], nice: false },
    axis: { values: versions.map(({ version }) => version), format: 'd', grid: false, labelOverlap: false },
  } satisfies Position;
  const y = {
    field: 'tflops',
    type: 'quantitative',
    title: 'TFLOPS',
    scale: { domain: [bottom, top], nice: false, zero: false },
  } satisfies Position;
  const at = (share: number) => bottom + share * (top - bottom);
  const color = {
    field: 'series',
    scale: { domain: [BEST, ...names], range: ['#D55E00', ...LENGTH_COLOURS] },
    title: null,
    legend: { symbolType: 'stroke', symbolStrokeWidth: 3, symbolOpacity: 1 },
  };
  const own = gains.filter((gain) => gain.mask === mask);
  const layers: Layer[] = [
    {
      data: { values: own.map(({ before, after }) => ({ before, after })) },
      mark: { type: 'rect', color: '#888888', opacity: 0.22 },
      encoding: { x: { ...x, field: 'before' }, x2: { field: 'after' } },
    },
    {
      data: { values: turningPoints },
      mark: { type: 'rule', color: '#888888', strokeWidth: 1, strokeDash: [1, 3] },
      encoding: { x },
    },
    {
      data: {
        values: turningPoints.map(({ version, name }) => ({
          version,
          tflops: at(0.985),
          label: `${version}\n${name}`,
        })),
      },
      mark: { type: 'text', align: 'left', baseline: 'top', dx: 3, fontSize: 11, lineBreak: '\n' },
      encoding: { x, y, text: { field: 'label' } },
    },
    {
      data: {
        values: own.map((gain) => ({
          version: (gain.before + gain.after) / 2,
          tflops: at(0.04),
          label: formatChange(gain.geometricMean.gain),
        })),
      },
      mark: { type: 'text', fontSize: 11 },
      encoding: { x, y, text: { field: 'label' } },
    },
    { data: { values: lengths }, mark: { type: 'line', strokeWidth: 1 }, encoding: { x, y, color } },
    {
      data: { values: means },
      mark: { type: 'circle', size: 24, color: '#D55E00', opacity: 1 },
      encoding: { x, y, tooltip: [{ field: 'version' }, { field: 'tflops', format: '.1f' }] },
    },
    {
      data: { values: means },
      mark: { type: 'line', strokeWidth: 3, interpolate: 'step-after' },
      encoding: { x, y: { ...y, field: 'best' }, color },
    },
    ...libraries.map((library, _, all): Layer => {
      const rate = library[mask];
      // The labels stand on the outer sides of the two rules, which nearly meet without a mask.
      const upper = rate === Math.max(...all.map((item) => item[mask]));
      return {
        data: { values: [{ tflops: rate, version: 7.2, label: `${library.library} ${rate}` }] },
        layer: [
          { mark: { type: 'rule', strokeDash: [6, 4], strokeWidth: 1 }, encoding: { y } },
          {
            mark: { type: 'text', align: 'left', baseline: upper ? 'bottom' : 'top', dy: upper ? -3 : 4, fontSize: 11 },
            encoding: { x, y, text: { field: 'label' } },
          },
        ],
      };
    }),
  ];
  return { title: `${mask} mask`, chart: { width: 760, height: 290, layer: layers } };
}
