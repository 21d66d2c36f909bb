/** The float64 oracle for rows of a workload, and how far an output in f32 or f16 may be from it. */

import type { Program } from '../../kernels/kernel.ts';
import { type ReferenceRow, referenceSteps } from '../../kernels/reference.ts';
import { type Data, fillRow } from '../problem/data.ts';
import type { RowAddress } from '../problem/slice.ts';
import { groupSize, keyRange, type Workload } from '../problem/workload.ts';

/** Reference results of the given rows, in their order. Rows that share a KV head share its keys, made once. */
export function oracle(w: Workload, data: Data, rows: readonly RowAddress[]): ReferenceRow[] {
  const steps = oracleSteps(w, data, rows);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Keys whose values are made in one step. */
const STEP_KEYS = 8192;

/** The same in steps of a fraction of a second, between which a caller may do something else or stop. */
export function* oracleSteps(
  w: Workload,
  data: Data,
  rows: readonly RowAddress[],
): Generator<void, ReferenceRow[], void> {
  const results: ReferenceRow[] = [];
  const k = new Float32Array(w.seqKv * w.headDim);
  const v = new Float32Array(w.seqKv * w.headDim);
  const q = new Float32Array(w.headDim);
  const byHead = new Map<string, number[]>();
  rows.forEach(({ batch, queryHead }, index) => {
    const key = `${batch}/${Math.floor(queryHead / groupSize(w))}`;
    byHead.set(key, [...(byHead.get(key) ?? []), index]);
  });
  for (const indices of byHead.values()) {
    const first = rows[indices[0] as number] as RowAddress;
    const kvHead = Math.floor(first.queryHead / groupSize(w));
    for (let token = 0; token < w.seqKv; token += 1) {
      if (token % STEP_KEYS === STEP_KEYS - 1) yield;
      fillRow(data, w, 'k', first.batch, kvHead, token, k, token * w.headDim);
      fillRow(data, w, 'v', first.batch, kvHead, token, v, token * w.headDim);
    }
    for (const index of indices) {
      const { batch, queryHead, row } = rows[index] as RowAddress;
      fillRow(data, w, 'q', batch, queryHead, row, q, 0);
      results[index] = yield* referenceSteps(q, k, v, keyRange(w, row), w.scale);
    }
  }
  return results;
}

/** How far output rows are from the oracle, and how far they may be. */
export interface Verification {
  /** Rows compared. */
  rows: number;
  maxAbsoluteError: number;
  /** The largest error in a row over the root mean square of its reference, largest over the rows. */
  maxRelativeError: number;
  tolerance: number;
}

/** An f32 kernel's row error over the row's size, for unit normal inputs. */
const F32_TOLERANCE = 5e-5;
/**
 * The row error that rounding can explain: 5e-5 of the row's size for logits below 8, growing with the logits (an error
 * of one part in 2^24 of a logit s is a factor 1 + s 2^-24 on its weight) and, past 32k keys, with the length of the
 * sums.
 */
export function tolerance(w: Workload, maxLogit: number): number {
  return F32_TOLERANCE * Math.max(1, maxLogit / 8) * Math.max(1, w.seqKv / 32768);
}

/** Largest relative error of rounding to half precision. */
const HALF_ROUNDING = 2 ** -11;

/**
 * Times their spread that the errors of weights rounded to halves may move an output, in units of HALF_ROUNDING.
 *
 * With weights p_j (1 + d_j) in both sums, o' - o = sum_j p_j d_j (v_j - o) / sum_j p_j (1 + d_j), and |d_j| <= 2^-11. As independent
 * errors, uniform within half a unit in the last place, their sum passes t 2^-11 sqrt(sum_j p_j^2 (v_j - o)^2) with a probability of
 * at most 2 exp(-3 t^2 / 2) (Hoeffding; a uniform variable in [-h, h] is sub-Gaussian with variance h^2 / 3): 8e-11 for t = 4. Of n keys
 * it never passes t = sqrt(n) (Cauchy and Schwarz), whatever the errors are.
 */
const WEIGHT_ERRORS = 4;

/** Whether a program rounds its weights to halves before it multiplies them with the values: its results are then that far off. */
export const roundsWeights = (program: Program) => program.kind === 'wgsl' && program.halfWeights === true;

/**
 * Compares output rows with their references; `halfWeights` where they come from weights in half precision. A NaN anywhere gives an
 * infinite error.
 */
export function compareRows(
  w: Workload,
  references: readonly ReferenceRow[],
  outputs: readonly Float32Array[],
  halfWeights = false,
): Verification {
  let maxAbsoluteError = 0;
  let maxRelativeError = 0;
  let maxLogit = 0;
  let rounding = 0;
  references.forEach((reference, index) => {
    const output = outputs[index] as Float32Array;
    let squares = 0;
    let worst = 0;
    let rounded = 0;
    const errors = halfWeights ? Math.min(WEIGHT_ERRORS, Math.sqrt(reference.keys)) : 0;
    reference.output.forEach((expected, dim) => {
      const error = Math.abs(expected - (output[dim] as number));
      // A comparison with NaN is false, so ask whether it is fine, not whether it is wrong.
      if (!(error <= worst)) worst = Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
      squares += expected * expected;
      rounded = Math.max(rounded, Math.abs(expected) + errors * (reference.weightSpread[dim] as number));
    });
    // Where the terms of a row cancel, a thousandth of their size stands in for the size of their sum.
    const size = Math.max(Math.sqrt(squares / reference.output.length), reference.termSize / 1000);
    maxAbsoluteError = Math.max(maxAbsoluteError, worst);
    maxRelativeError = Math.max(maxRelativeError, worst === 0 ? 0 : worst / size);
    maxLogit = Math.max(maxLogit, reference.maxLogit);
    if (w.dtype === 'f16' && size > 0) rounding = Math.max(rounding, (HALF_ROUNDING * rounded) / size);
  });
  const allowed = tolerance(w, maxLogit) + rounding;
  return { rows: references.length, maxAbsoluteError, maxRelativeError, tolerance: allowed };
}
