/** Published figures as bursts: the error bar of each figure of the AVO paper beside the time of its pass. */

import { flops } from '../problem/flops.ts';
import type { Published } from '../record/measurement.ts';
import { publishedFigures } from './published-figures.ts';

/**
 * Passes of more than this, seconds, are timed by one launch: FA4's benchmark script repeats a pass for 10 ms, in which a second
 * one does not fit (results/published/timing.json).
 */
export const ONE_LAUNCH_SECONDS = 5e-3;

/** A figure with the time of one pass, seconds, by the FLOP rule of its source: FLOPs over rate. */
export interface BurstPoint {
  figure: Published;
  /** TFLOPS, as published. */
  error: number;
  passSeconds: number;
}

/** The figures on both sides of a time, where every error bar on its longer side is above all on its shorter side. */
export interface BurstSplit {
  shorter: readonly BurstPoint[];
  longer: readonly BurstPoint[];
}

/** The figures of the AVO paper that have error bars, the shortest pass first. */
export function burstPoints(): BurstPoint[] {
  return publishedFigures('avo')
    .flatMap((figure) => {
      const { workload, rule, tflops, error } = figure;
      return error === null ? [] : [{ figure, error, passSeconds: flops(workload, rule) / (tflops * 1e12) }];
    })
    .sort((a, b) => a.passSeconds - b.passSeconds);
}

/** Where pass times divide the error bars without exception, at the widest such gap of time; null where nowhere. */
export function burstSplit(points: readonly BurstPoint[]): BurstSplit | null {
  const errorsOf = (side: readonly BurstPoint[]) => side.map(({ error }) => error);
  const gapOf = ({ shorter, longer }: BurstSplit) =>
    (longer[0]?.passSeconds ?? Number.NaN) / (shorter.at(-1)?.passSeconds ?? Number.NaN);
  const splits = points
    .slice(1)
    .map((_, index): BurstSplit => ({ shorter: points.slice(0, index + 1), longer: points.slice(index + 1) }))
    .filter(({ shorter, longer }) => Math.max(...errorsOf(shorter)) < Math.min(...errorsOf(longer)));
  return splits.sort((a, b) => gapOf(b) - gapOf(a))[0] ?? null;
}

/** "The 21 passes from 5.2 ms on have error bars of 11 to 75 TFLOPS, the 51 up to 2.9 ms of at most 6.1", without exception. */
export function burstFinding(points: readonly BurstPoint[]): string {
  const split = burstSplit(points);
  if (split === null) return 'The error bars do not go by the time of a pass';
  const { shorter, longer } = split;
  const ms = (point: BurstPoint | undefined) => `${(1e3 * (point?.passSeconds ?? Number.NaN)).toFixed(1)} ms`;
  const most = (side: readonly BurstPoint[]) => Math.max(...side.map(({ error }) => error));
  const least = Math.min(...longer.map(({ error }) => error));
  return `The ${longer.length} passes from ${ms(longer[0])} on have error bars of ${least} to ${most(longer)} TFLOPS, the ${shorter.length} up to ${ms(shorter.at(-1))} of at most ${most(shorter)}`;
}
