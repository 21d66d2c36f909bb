/**
 * Flash attention in plain TypeScript: blocks of keys, an online softmax, four rows and two keys at a time in
 * registers.
 */

import type { Kernel } from '../kernel.ts';
import { EVERY_SCORE_OPTION, unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { visibleKeys, type WorkTileCall } from './call.ts';
import { accumulateSeen, applyTerms } from './terms.ts';

/** Few rows in a work tile, so that even at 32k keys a slice of 16 tiles takes well under a second. */
const BLOCK_ROWS = 2;
/** 64 keys of 128 floats are 32 KiB of K and 32 KiB of V: near a core's first-level cache. */
const BLOCK_KEYS = 64;

/** The kernel of the registry; its code is `runScalarFlash`. */
export const scalarFlash: Kernel = {
  name: 'scalar-flash',
  backend: 'scalar',
  summary: 'plain TypeScript: blocks of keys and an online softmax, so that scores never leave the cache',
  unsupported: (workload) => unsupportedScores(workload, EVERY_SCORE_OPTION) ?? unsupportedShape(workload),
  build: () => ({ kind: 'module', entry: 'scalar-flash', blockRows: BLOCK_ROWS }),
};

/** Scores of a row and a block of keys, then their weights. */
const scores = new Float32Array(BLOCK_KEYS);

/**
 * Runs one work tile. For each block of keys and each row: scores s, then m' = max(m, s), p = exp(s - m'),
 * l = l exp(m - m') + sum p, o = o exp(m - m') + p V; at the end o / l (Milakov and Gimelshein 2018; FlashAttention).
 */
export function runScalarFlash(call: WorkTileCall): void {
  const { q, o, headDimV, rows } = call;
  const maximum = new Float64Array(rows).fill(Number.NEGATIVE_INFINITY);
  const total = new Float64Array(rows);
  // The accumulator is contiguous, whatever the stride of o.
  const sums = new Float32Array(rows * headDimV);
  const terms = call.terms === null ? null : Array.from({ length: rows }, (_, row) => call.terms?.(row) ?? null);
  terms?.forEach((term, row) => {
    const sink = term?.sink ?? null;
    if (sink === null) return;
    // The sink is met first: m is its logit, and it weighs 1.
    maximum[row] = sink;
    total[row] = 1;
  });
  const first = visibleKeys(call, 0).low;
  const last = visibleKeys(call, rows - 1).high;

  for (let block = first - (first % BLOCK_KEYS); block < last; block += BLOCK_KEYS) {
    for (let row = 0; row < rows; row += 1) {
      // Mask: keys outside this range are not visited.
      const visible = visibleKeys(call, row);
      const low = Math.max(visible.low, block);
      const high = Math.min(visible.high, block + BLOCK_KEYS);
      if (high <= low) continue;

      // Load q (where it lies), scores and row maximum.
      const plainMaximum = scoreKeys(call, q, call.qOffset + row * call.qStride, low, high);
      const term = terms?.[row] ?? null;
      const blockMaximum = term === null ? plainMaximum : applyTerms(scores, low, high, term);
      if (term?.bias != null && blockMaximum === Number.NEGATIVE_INFINITY) continue;
      const before = maximum[row] as number;
      const after = Math.max(before, blockMaximum);

      // Rescale: what was summed so far is relative to the maximum before.
      const rescale = Math.exp(before - after);
      let sum = (total[row] as number) * rescale;

      // Exponentials and row sum.
      for (let j = 0; j < high - low; j += 1) {
        const weight = Math.exp((scores[j] as number) - after);
        scores[j] = weight;
        sum += weight;
      }
      maximum[row] = after;
      total[row] = sum;

      // Rescale the sums and accumulate.
      const hiding = term?.bias ?? null;
      accumulate(call, sums, row * headDimV, rescale, low, hiding === null ? high : low);
      if (hiding !== null) accumulateSeen(call, scores, hiding, low, high, sums, row * headDimV);
    }
  }

  // Write.
  for (let row = 0; row < rows; row += 1) {
    const sum = total[row] as number;
    const target = call.oOffset + row * call.oStride;
    for (let d = 0; d < headDimV; d += 1) o[target + d] = sum > 0 ? (sums[row * headDimV + d] as number) / sum : 0;
  }
}

/** scores[j - low] = scale * q . k_j, two keys at a time with two partial sums each; returns the largest. */
function scoreKeys(call: WorkTileCall, q: Float32Array, qRow: number, low: number, high: number): number {
  const { k, headDim, scale, kStride, kOffset } = call;
  const even = headDim - (headDim % 2);
  let largest = Number.NEGATIVE_INFINITY;
  for (let j = low; j < high; j += 2) {
    const k0 = kOffset + j * kStride;
    const k1 = j + 1 < high ? k0 + kStride : k0;
    let [a0, a1, b0, b1] = [0, 0, 0, 0];
    for (let d = 0; d < even; d += 2) {
      const x = q[qRow + d] as number;
      const y = q[qRow + d + 1] as number;
      a0 += x * (k[k0 + d] as number);
      a1 += y * (k[k0 + d + 1] as number);
      b0 += x * (k[k1 + d] as number);
      b1 += y * (k[k1 + d + 1] as number);
    }
    if (even < headDim) {
      const x = q[qRow + even] as number;
      a0 += x * (k[k0 + even] as number);
      b0 += x * (k[k1 + even] as number);
    }
    const a = (a0 + a1) * scale;
    const b = (b0 + b1) * scale;
    scores[j - low] = a;
    if (j + 1 < high) scores[j + 1 - low] = b;
    largest = Math.max(largest, a, b);
  }
  return largest;
}

/** sums[row] = sums[row] * rescale + p V over the keys low <= j < high, four keys at a time. */
function accumulate(
  call: WorkTileCall,
  sums: Float32Array,
  row: number,
  rescale: number,
  low: number,
  high: number,
): void {
  const { v, headDimV, vStride, vOffset } = call;
  if (rescale !== 1) for (let d = row; d < row + headDimV; d += 1) sums[d] = (sums[d] as number) * rescale;
  for (let j = low; j < high; j += 4) {
    const count = high - j;
    const v0 = vOffset + j * vStride;
    // Past the end the first key stands in, with weight 0.
    const v1 = count > 1 ? v0 + vStride : v0;
    const v2 = count > 2 ? v1 + vStride : v0;
    const v3 = count > 3 ? v2 + vStride : v0;
    const p0 = scores[j - low] as number;
    const p1 = count > 1 ? (scores[j + 1 - low] as number) : 0;
    const p2 = count > 2 ? (scores[j + 2 - low] as number) : 0;
    const p3 = count > 3 ? (scores[j + 3 - low] as number) : 0;
    for (let d = 0; d < headDimV; d += 1) {
      sums[row + d] =
        (sums[row + d] as number) +
        p0 * (v[v0 + d] as number) +
        p1 * (v[v1 + d] as number) +
        p2 * (v[v2 + d] as number) +
        p3 * (v[v3 + d] as number);
    }
  }
}
