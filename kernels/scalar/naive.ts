/**
 * Attention as the formula is written: all scores of a row, their softmax, their weighted sum of V. A work tile is one
 * row.
 */

import type { Kernel } from '../kernel.ts';
import { unsupportedShape } from '../supported-shapes.ts';
import { visibleKeys, type WorkTileCall } from './call.ts';

/** The kernel of the registry; its code is `runScalarNaive`. */
export const scalarNaive: Kernel = {
  name: 'scalar-naive',
  backend: 'scalar',
  summary: 'plain TypeScript: all scores of a row, then softmax, then the weighted sum',
  unsupported: (workload) => unsupportedShape(workload),
  build: () => ({ kind: 'module', entry: 'scalar-naive', blockRows: 1 }),
};

/** Runs one work tile. Scores take seqKv floats, made anew for each row as naive code does. */
export function runScalarNaive(call: WorkTileCall): void {
  const { q, k, v, o, headDim, scale } = call;
  for (let row = 0; row < call.rows; row += 1) {
    // Load q: where it lies.
    const qRow = call.qOffset + row * call.qStride;
    // Mask: keys outside this range are not visited.
    const { low, high } = visibleKeys(call, row);

    // Scores and row maximum.
    const scores = new Float32Array(high - low);
    let maximum = Number.NEGATIVE_INFINITY;
    for (let j = low; j < high; j += 1) {
      const kRow = call.kvOffset + j * call.kvStride;
      let dot = 0;
      for (let d = 0; d < headDim; d += 1) dot += (q[qRow + d] as number) * (k[kRow + d] as number);
      scores[j - low] = dot * scale;
      maximum = Math.max(maximum, dot * scale);
    }

    // Rescale: nothing, since the maximum of the whole row is known.
    // Exponentials and row sum.
    let total = 0;
    for (let j = 0; j < high - low; j += 1) {
      const weight = Math.exp((scores[j] as number) - maximum);
      scores[j] = weight;
      total += weight;
    }

    // Accumulate and write.
    for (let d = 0; d < headDim; d += 1) {
      let sum = 0;
      for (let j = low; j < high; j += 1) {
        sum += (scores[j - low] as number) * (v[call.kvOffset + j * call.kvStride + d] as number);
      }
      o[qRow + d] = total > 0 ? sum / total : 0;
    }
  }
}
