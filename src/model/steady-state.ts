/** One key block in the middle of a long simulated work tile: how long it takes and which agents work. */

import { DEFAULT_TIMING, type Timing } from './assumptions.ts';
import type { Chip } from './chip.ts';
import type { Interval, Simulation } from './events.ts';
import { type Design, simulateWorkTile } from './pipeline.ts';

/** Clocks of one more plain block in steady state, and of a work tile on top of its blocks. */
export function steadyState(design: Design, chip: Chip, timing: Timing = DEFAULT_TIMING) {
  const [short, long] = [48, 96];
  const [a, b] = [short, long].map((plain) => simulateWorkTile({ plain, masked: 0 }, design, chip, timing).clocks) as [
    number,
    number,
  ];
  const blockClocks = (b - a) / (long - short);
  return { blockClocks, fixedClocks: a - short * blockClocks };
}

/**
 * The work of `blocks` blocks of both stages in steady state: its intervals, cut at its ends and counted from its start. Blocks may take
 * unequal times in turn, so one need not take the mean that steadyState gives.
 */
export function steadyPeriod(design: Design, chip: Chip, blocks = 1): Simulation {
  const plain = 64;
  const { intervals } = simulateWorkTile({ plain, masked: 0 }, design, chip);
  const scores = intervals.filter(({ agent, label }) => agent === 'tensor' && label === 'q k^T');
  // A block has two products q k^T, one a stage. This takes blocks in the middle, from the first product on.
  const begin = scores[plain]?.from ?? 0;
  const end = scores[plain + 2 * blocks]?.from ?? 0;
  const inside = intervals
    .filter(({ from, to }) => to > begin && from < end)
    .map((item) => ({ ...item, from: Math.max(item.from, begin) - begin, to: Math.min(item.to, end) - begin }));
  return { clocks: end - begin, intervals: inside };
}

/** The share of the blocks in steady state for which each agent works and each shared unit is busy. */
export function busyShares(design: Design, chip: Chip): { name: string; share: number }[] {
  const { clocks, intervals } = steadyPeriod(design, chip, 16);
  const share = (name: string, wanted: (item: Interval) => boolean) => ({
    name,
    share: intervals.filter(wanted).reduce((sum, { from, to }) => sum + to - from, 0) / clocks,
  });
  const vector = ['mask', 'maximum', 'scale', 'convert', 'sum'];
  return [
    share('tensor unit', ({ agent }) => agent === 'tensor'),
    share('correction group', ({ agent }) => agent === 'correction'),
    share('exponential unit', ({ label }) => label === 'exponential'),
    share('vector units of softmax', ({ label }) => vector.includes(label)),
  ];
}

/**
 * Joins the pieces of an agent's exponential loop into one interval, since they alternate every few clocks, and those of a
 * product that did not have to wait between them.
 */
export function mergePieces(intervals: readonly Interval[]): Interval[] {
  const pieces = ['scale', 'exponential', 'convert'];
  const result: Interval[] = [];
  for (const item of intervals) {
    const label = pieces.includes(item.label) ? 'exponentials' : item.label;
    const last = result.at(-1);
    const goesOn = label === 'exponentials' || last?.to === item.from;
    if (goesOn && last?.label === label && last.stage === item.stage) last.to = item.to;
    else result.push({ ...item, label });
  }
  return result;
}
