/** The AVO paper's ablation, simulated: what each of its three techniques gains on a whole B200. */

import { geometricMean } from 'simple-statistics';
import { evolutionGain } from '../compare/evolution.ts';
import { gainOf, type Technique } from '../compare/technique-gains.ts';
import { expand, presetAxes } from '../problem/sweep.ts';
import type { Mask, Workload } from '../problem/workload.ts';
import { DEFAULT_TIMING, type Timing } from './assumptions.ts';
import { B200, type Chip } from './chip.ts';
import { AVO_DESIGN, type Design, simulateWorkTile } from './pipeline.ts';
import { makespan, workTiles } from './schedule.ts';

/** One technique under one mask: the published gain beside the simulated one. */
export interface SimulatedGain {
  /** The technique; --format json has it under this name. */
  idea: Technique;
  mask: Mask;
  /** Gains in percent, geometric mean of throughput over 4k to 32k. They hide what the lengths show: opposite trends. */
  published: number;
  model: number;
  /** model - published, percentage points. */
  error: number;
  /** Gains in percent at each length: published ones from the versions before and after, and simulated ones. */
  lengths: { seq: number; published: number; model: number }[];
  /**
   * Simulated gains in percent if the kernel before it rescaled past FA4's threshold, which is never, in place of wherever a
   * maximum moved; null for techniques that change something else.
   */
  fromThreshold: { model: number; lengths: { seq: number; model: number }[] } | null;
}

/**
 * The kernel versions before and after each technique, in the order in which AVO found them; registers as in its table.
 */
const STEPS: readonly { technique: Technique; before: Design; after: Design }[] = (() => {
  const v19: Design = { rescale: 'branch', correction: 'serial', correctionRegisters: 80 };
  const v20: Design = { ...v19, rescale: 'branch-free' };
  const v30: Design = { ...v20, correction: 'overlapped' };
  return [
    { technique: 'branchless', before: v19, after: v20 },
    { technique: 'overlap', before: v20, after: v30 },
    { technique: 'registers', before: v30, after: AVO_DESIGN },
  ];
})();

/** Where the published gains are from. */
export const ABLATION_SOURCE = 'AVO arXiv:2603.24517v1 Table 1 (v19 to v20, v29 to v30, v32 to v33)';

/** Simulates all three techniques under both masks, on the report's MHA workloads. */
export function simulateAblation(chip: Chip = B200, timing: Timing = DEFAULT_TIMING): SimulatedGain[] {
  const clocks = tileClocks(chip, timing);
  return STEPS.flatMap(({ technique, before, after }) =>
    (['full', 'causal'] as const).map((mask): SimulatedGain => {
      const published = gainOf(technique, mask);
      const workloads = expand(presetAxes('mha')).filter((w) => w.mask === mask);
      const simulated = (from: Design) => {
        const ratios = workloads.map((w) => passClocks(w, from, clocks, chip) / passClocks(w, after, clocks, chip));
        const lengths = workloads.map(({ seqKv }, index) => ({
          seq: seqKv,
          model: 100 * ((ratios[index] ?? Number.NaN) - 1),
        }));
        return { model: 100 * (geometricMean(ratios) - 1), lengths };
      };
      const { model, lengths: own } = simulated(before);
      const lengths = evolutionGain(technique, mask).lengths.map(({ seq, gain }) => {
        return { seq, published: gain, model: own.find((item) => item.seq === seq)?.model ?? Number.NaN };
      });
      const error = model - published;
      const fromThreshold = before.rescale === 'branch' ? simulated({ ...before, rescale: 'threshold' }) : null;
      return { idea: technique, mask, published, model, error, lengths, fromThreshold };
    }),
  );
}

type TileClocks = (design: Design, plain: number, masked: number) => number;

function passClocks(w: Workload, design: Design, clocks: TileClocks, chip: Chip): number {
  const tiles = workTiles(w, 'tokens').map(({ plain, masked, count }) => ({
    duration: clocks(design, plain, masked),
    count,
  }));
  return makespan(tiles, chip.units);
}

/**
 * Plain blocks of the simulated work tiles. Clocks between them are interpolated, which is exact except for the rare
 * rescales.
 */
const KNOTS = [0, 2, 6, 14, 30, 62, 126, 256] as const;

function tileClocks(chip: Chip, timing: Timing): TileClocks {
  const known = new Map<string, number>();
  const simulated = (design: Design, plain: number, masked: number) => {
    const key = JSON.stringify([design, plain, masked]);
    const clocks = known.get(key) ?? simulateWorkTile({ plain, masked }, design, chip, timing).clocks;
    known.set(key, clocks);
    return clocks;
  };
  return (design, plain, masked) => {
    const knots = masked > 0 ? KNOTS : KNOTS.slice(1);
    const above = knots.find((knot) => knot >= plain) ?? Number.NaN;
    const below = knots.findLast((knot) => knot <= plain) ?? Number.NaN;
    const [high, low] = [simulated(design, above, masked), simulated(design, below, masked)];
    return above === below ? high : low + ((high - low) * (plain - below)) / (above - below);
  };
}
