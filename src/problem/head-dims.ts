/** The head dimensions that can be asked for: multiples of 16 from 32 to 576, which the kernels tile. */

/** Head dimensions are multiples of this. */
const HEAD_DIM_STEP = 16;
const SMALLEST_HEAD_DIM = 32;
/** That of the latent attention of DeepSeek's models, 512 and 64 of the rotary part; the largest that models have. */
export const LARGEST_HEAD_DIM = 576;

/** Whether a head dimension can be asked for. */
export function fitsHeadDims(value: number): boolean {
  return value >= SMALLEST_HEAD_DIM && value <= LARGEST_HEAD_DIM && value % HEAD_DIM_STEP === 0;
}

/** The least head dimension that kernels tile and that holds `value` dims: the rest are zeros. */
export function paddedHeadDim(value: number): number {
  return Math.max(SMALLEST_HEAD_DIM, HEAD_DIM_STEP * Math.ceil(value / HEAD_DIM_STEP));
}

/** The head dimensions next to a number: one below and one above it, or the only one. */
export function nearestHeadDims(value: number): number[] {
  const within = (dim: number) => Math.max(SMALLEST_HEAD_DIM, Math.min(LARGEST_HEAD_DIM, dim));
  const steps = value / HEAD_DIM_STEP;
  return [...new Set([Math.floor(steps), Math.ceil(steps)].map((step) => within(HEAD_DIM_STEP * step)))];
}
