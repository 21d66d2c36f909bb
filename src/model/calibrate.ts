/** Three constants for each kernel, fitted on five published figures; every other figure is predicted from them. */

import { flops } from '../problem/flops.ts';
import type { Workload } from '../problem/workload.ts';
import type { Published } from '../record/measurement.ts';
import { BLOCK_KEYS, makespan, type Packing, workTiles } from './schedule.ts';

/**
 * Seconds: of a plain key block of 256 query rows; of a work tile on top of its blocks; of a masked block on top of a
 * plain one.
 */
export interface Constants {
  block: number;
  fixed: number;
  diagonal: number;
}

/** Seconds of a workload on `units` multiprocessors. */
export function predictSeconds(w: Workload, constants: Constants, units: number, packing: Packing): number {
  const { block, fixed, diagonal } = constants;
  const tiles = workTiles(w, packing).map(({ plain, masked, count }) => ({
    duration: fixed + plain * block + masked * (block + diagonal),
    count,
  }));
  return makespan(tiles, units);
}

/** TFLOPS by the published rule, which counts a causal mask as half the square. */
export function predictTflops(w: Workload, constants: Constants, units: number, packing: Packing): number {
  return flops(w, 'half-square') / predictSeconds(w, constants, units, packing) / 1e12;
}

/**
 * Fits `block` and `fixed` on figures without a mask by least squares of the relative error of the time, and `diagonal`
 * on one causal figure, by bisection: the time grows with it.
 *
 * Without a mask all work tiles are alike: a pass takes waves x (fixed + blocks x block), waves = ceil(tiles / units),
 * which is linear in both constants.
 */
export function fitConstants(full: readonly Published[], causal: Published, units: number): Constants {
  let [aa, ab, bb, ay, by] = [0, 0, 0, 0, 0];
  for (const figure of full) {
    const tiles = workTiles(figure.workload, 'tokens').reduce((sum, { count }) => sum + count, 0);
    const seconds = flops(figure.workload, figure.rule) / (figure.tflops * 1e12);
    // Divided by the published time, so that every figure has the same weight: waves/time (fixed + n block) = 1.
    const a = Math.ceil(tiles / units) / seconds;
    const b = (a * figure.workload.seqKv) / BLOCK_KEYS;
    [aa, ab, bb, ay, by] = [aa + a * a, ab + a * b, bb + b * b, ay + a, by + b];
  }
  const determinant = aa * bb - ab * ab;
  const fixed = (ay * bb - by * ab) / determinant;
  const block = (by * aa - ay * ab) / determinant;
  const target = flops(causal.workload, causal.rule) / (causal.tflops * 1e12);
  let [low, high] = [-block, 4 * block];
  for (let step = 0; step < 60; step += 1) {
    const diagonal = (low + high) / 2;
    const seconds = predictSeconds(causal.workload, { block, fixed, diagonal }, units, 'tokens');
    [low, high] = seconds < target ? [diagonal, high] : [low, diagonal];
  }
  return { block, fixed, diagonal: (low + high) / 2 };
}
