/** The model's constants for each version of AVO's kernel, beside its evolution: a block, a work tile, a masked block. */

import type { TopLevelSpec } from 'vega-lite';
import { EVOLUTION } from '../compare/evolution.ts';
import { B200 } from '../model/chip.ts';
import { type VersionConstants, versionConstants, versionFinding } from '../model/version-constants.ts';
import { heading, ONCE, type Panel, type Position, stacked, VEGA_LITE } from './frame.ts';

const COLOUR = '#D55E00';

const PANELS: readonly [string, (constants: VersionConstants) => number][] = [
  ['a plain key block', ({ blockClocks }) => blockClocks],
  ['a work tile besides its blocks', ({ fixedClocks }) => fixedClocks],
  ['a masked block on top of a plain one', ({ diagonalClocks }) => diagonalClocks],
];

/** Clocks of each constant by version, a panel for each; the steps of the paper's ablation in grey. */
export function versionConstantsChart(): TopLevelSpec {
  const versions = versionConstants();
  const steps = EVOLUTION.gains.filter(({ mask }) => mask === 'full').map(({ before, after }) => ({ before, after }));
  const { turningPoints } = EVOLUTION;
  const panels = PANELS.map(([title, of], index): Panel => {
    const first = index === 0;
    const last = index === PANELS.length - 1;
    const x = {
      field: 'version',
      type: 'quantitative',
      title: last ? 'version of the kernel' : null,
      scale: { domain: [7, 41], nice: false },
      axis: { values: versions.map(({ version }) => version), format: 'd', grid: false, labelOverlap: true },
    } satisfies Position;
    const y = {
      field: 'clocks',
      type: 'quantitative',
      title: 'clocks',
      scale: { zero: !first, nice: true, padding: 4 },
      axis: { minExtent: 48, tickCount: 4 },
    } satisfies Position;
    const rows = versions.map((constants) => ({ version: constants.version, clocks: of(constants) }));
    return {
      title,
      chart: {
        data: { values: rows },
        width: 760,
        height: 100,
        layer: [
          {
            data: { values: steps },
            mark: { type: 'rect', color: '#888888', opacity: 0.22 },
            encoding: { x: { ...x, field: 'before' }, x2: { field: 'after' } },
          },
          {
            data: { values: turningPoints },
            mark: { type: 'rule', color: '#888888', strokeWidth: 1, strokeDash: [1, 3] },
            encoding: { x },
          },
          ...(first
            ? []
            : [{ data: ONCE, mark: { type: 'rule' as const, strokeWidth: 1 }, encoding: { y: { datum: 0 } } }]),
          { mark: { type: 'line', color: COLOUR, strokeWidth: 2 }, encoding: { x, y } },
          {
            mark: { type: 'circle', color: COLOUR, size: 36, opacity: 1 },
            encoding: { x, y, tooltip: [{ field: 'version' }, { field: 'clocks', format: '.0f' }] },
          },
        ],
      },
    };
  });
  return {
    $schema: VEGA_LITE,
    title: heading(
      versionFinding(versions),
      [
        `Fitted for each version as for the libraries, on ${EVOLUTION.source}: 4k to 16k without a mask, causal at 4k; clocks at the nominal ${B200.clockHz / 1e9} GHz. With three lengths for two constants, part of a change can move from one to the other.`,
        `Grey: the steps of the paper's ablation. Dotted: the turning points that it names (${turningPoints.map(({ version }) => version).join(', ')}).`,
      ],
      'wide',
    ),
    vconcat: stacked(panels),
    spacing: 8,
  };
}
