/** The head dimensions that can be asked for, 1 to 576, and those that a kernel takes of them. */

import { valueDim, type Workload } from './workload.ts';

/** That of the latent attention of DeepSeek's models, 512 and 64 of the rotary part; the largest that models have. */
export const LARGEST_HEAD_DIM = 576;

/** The head dimensions that a kernel takes: multiples of `step` from `least` to `largest`. */
export interface HeadDimRange {
  step: number;
  least: number;
  largest: number;
  /** Whether v may have a head dimension of its own. */
  ownV: boolean;
}

/** Whatever can be asked for. */
export const ANY_HEAD_DIM: HeadDimRange = { step: 1, least: 1, largest: LARGEST_HEAD_DIM, ownV: true };

/** Whether a head dimension is among those that are taken. */
export function fitsHeadDims(value: number, { step, least, largest }: HeadDimRange): boolean {
  return value >= least && value <= largest && value % step === 0;
}

/** The least head dimension that is a multiple of 16 and holds `value` dims, 32 at least: the rest are zeros. */
export function paddedHeadDim(value: number): number {
  return Math.max(32, 16 * Math.ceil(value / 16));
}

/** A workload whose q, k and v have the one head dimension that holds those of all, by paddedHeadDim. */
export function paddedWorkload(w: Workload): Workload {
  return { ...w, headDim: paddedHeadDim(Math.max(w.headDim, valueDim(w))), headDimV: undefined };
}
