/** The numbers that a type of elements can hold. */

import { roundToBfloat16 } from './bfloat16.ts';
import { roundToHalf } from './half.ts';
import type { Dtype } from './workload.ts';

/** Rounds a number of f32 to the nearest of a type; null where that is f32. */
export const ROUND: Record<Dtype, ((value: number) => number) | null> = {
  f32: null,
  f16: roundToHalf,
  bf16: roundToBfloat16,
};
