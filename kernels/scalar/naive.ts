/**
 * Attention as the formula is written: all scores of a row, their softmax, their weighted sum of V. A work tile is one
 * row.
 */

import type { Kernel } from '../kernel.ts';
import { EVERY_SCORE_OPTION, unsupportedScores, unsupportedShape } from '../supported-shapes.ts';
import { visibleKeys, type WorkTileCall } from './call.ts';
import { accumulateSeen, applyTerms } from './terms.ts';

/** The kernel of the registry; its code is `runScalarNaive`. */
export const scalarNaive: Kernel = {
  name: 'scalar-naive',
  backend: 'scalar',
  summary: 'plain TypeScript: all scores of a row, then softmax, then the weighted sum',
  unsupported: (workload) => unsupportedScores(workload, EVERY_SCORE_OPTION) ?? unsupportedShape(workload),
  build: () => ({ kind: 'module', entry: 'scalar-naive', blockRows: 1 }),
};

/** Runs one work tile. Scores take seqKv floats, made anew for each row as naive code does. */
export function runScalarNaive(call: WorkTileCall): void {
  const { q, k, v, o, headDim, headDimV, scale } = call;
  for (let row = 0; row < call.rows; row += 1) {
    // Load q: where it lies.
    const qRow = call.qOffset + row * call.qStride;
    // Mask: keys outside this range are not visited.
    const { low, high } = visibleKeys(call, row);

    // Scores and row maximum.
    const scores = new Float32Array(high - low);
    let maximum = Number.NEGATIVE_INFINITY;
    for (let j = low; j < high; j += 1) {
      const kRow = call.kOffset + j * call.kStride;
      let dot = 0;
      for (let d = 0; d < headDim; d += 1) dot += (q[qRow + d] as number) * (k[kRow + d] as number);
      scores[j - low] = dot * scale;
      maximum = Math.max(maximum, dot * scale);
    }
    const terms = call.terms?.(row) ?? null;
    if (terms !== null)
      maximum = Math.max(terms.sink ?? Number.NEGATIVE_INFINITY, applyTerms(scores, low, high, terms));

    // Rescale: nothing, since the maximum of the whole row is known.
    // Exponentials and row sum.
    let total = terms?.sink == null ? 0 : Math.exp(terms.sink - maximum);
    for (let j = 0; j < high - low; j += 1) {
      const weight = Math.exp((scores[j] as number) - maximum);
      scores[j] = weight;
      total += weight;
    }

    // Accumulate and write.
    const oRow = call.oOffset + row * call.oStride;
    if (terms?.bias != null) {
      o.fill(0, oRow, oRow + headDimV);
      accumulateSeen(call, scores, terms.bias, low, high, o, oRow);
      for (let d = 0; d < headDimV; d += 1) o[oRow + d] = total > 0 ? (o[oRow + d] as number) / total : 0;
      continue;
    }
    for (let d = 0; d < headDimV; d += 1) {
      let sum = 0;
      for (let j = low; j < high; j += 1) {
        sum += (scores[j - low] as number) * (v[call.vOffset + j * call.vStride + d] as number);
      }
      o[oRow + d] = total > 0 ? sum / total : 0;
    }
  }
}
