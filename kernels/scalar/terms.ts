/** What the scalar kernels do to scores beside scale and range: soft-cap, ALiBi, a mask tensor; and rows with hidden keys. */

import type { RowTerms } from '../../src/problem/scores.ts';
import type { WorkTileCall } from './call.ts';

/** Applies the terms of a row to scores[j - low] of the keys low <= j < high; returns the largest, -Infinity where all are hidden. */
export function applyTerms(scores: Float32Array, low: number, high: number, terms: RowTerms): number {
  const { softcap, alibi, bias } = terms;
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = low; j < high; j += 1) {
    let score = scores[j - low] as number;
    if (softcap !== null) score = softcap * Math.tanh(score / softcap);
    if (alibi !== null) score -= alibi.slope * Math.abs(alibi.position - j);
    if (bias !== null) {
      const added = bias[j] as number;
      // A hidden key is not seen, whatever its score is.
      score = added === Number.NEGATIVE_INFINITY ? added : score + added;
    }
    scores[j - low] = score;
    largest = Math.max(largest, score);
  }
  return largest;
}

/** sums[at + d] += p V over the keys low <= j < high that a mask tensor does not hide: a hidden value may be no number. */
export function accumulateSeen(
  call: WorkTileCall,
  weights: Float32Array,
  bias: Float32Array,
  low: number,
  high: number,
  sums: Float32Array,
  at: number,
): void {
  const { v, headDimV, vStride, vOffset } = call;
  for (let j = low; j < high; j += 1) {
    if (bias[j] === Number.NEGATIVE_INFINITY) continue;
    const weight = weights[j - low] as number;
    const value = vOffset + j * vStride;
    for (let d = 0; d < headDimV; d += 1) sums[at + d] = (sums[at + d] as number) + weight * (v[value + d] as number);
  }
}
