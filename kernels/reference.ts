/**
 * The float64 oracle: attention of one query row from its definition, in the plainest way, to check everything else
 * against.
 */

import type { RowTerms } from '../src/problem/scores.ts';

/** One row of the output, with what its tolerance depends on. */
export interface ReferenceRow {
  /** The output row, valueDim values. */
  output: Float64Array;
  /**
   * Largest absolute number among those that make the logits, whose rounding moves the weights: of the visible keys the
   * scaled and capped q . k, beside a sink also its terms, and of those that weigh anything what is added to it; the
   * sink. 0 where no key is visible.
   */
  maxLogit: number;
  /** Of each dim sum_j p_j |v_j|: how large the terms are that the output sums. */
  magnitude: Float64Array;
  /**
   * Of each dim sqrt(sum_j p_j^2 (v_j - o)^2), p summing to 1: what weights with independent errors of unit relative size
   * add to the output, o = sum_j p_j v_j / sum_j p_j.
   */
  weightSpread: Float64Array;
  /** Visible keys, those that the bias hides left out. */
  keys: number;
}

/**
 * o = sum_j softmax_j(s_j) v_j over the keys low <= j < high, s_j = scale * q . k_j with what `terms` say; zeros where
 * no key is seen.
 *
 * q is [headDim], k [seqKv, headDim] and v [seqKv, valueDim], row-major. The maximum is subtracted before exponentiation; all sums
 * are float64.
 */
export function referenceRow(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  range: { low: number; high: number },
  scale: number,
  terms: Partial<RowTerms> = {},
): ReferenceRow {
  const steps = referenceSteps(q, k, v, range, scale, terms);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Keys of one step. */
const STEP_KEYS = 32768;
/** Of weights relative to the largest: the rounding of such a key's logit moves nothing. */
const NEGLIGIBLE = 2 ** -24;

/** The same in steps of a fraction of a second, between which a caller may do something else or stop. */
export function* referenceSteps(
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  range: { low: number; high: number },
  scale: number,
  { softcap = null, alibi = null, bias = null, sink = null }: Partial<RowTerms> = {},
): Generator<void, ReferenceRow, void> {
  const headDim = q.length;
  const valueDim = k.length === 0 ? headDim : (v.length / k.length) * headDim;
  const output = new Float64Array(valueDim);
  const magnitude = new Float64Array(valueDim);

  // Mask: keys outside this range are not visited.
  const { low, high } = range;
  const nothing = { output, maxLogit: 0, magnitude, weightSpread: new Float64Array(valueDim), keys: 0 };
  if (high <= low) return nothing;

  const hidden = (j: number) => bias !== null && at(bias, j) === Number.NEGATIVE_INFINITY;
  const added = (j: number) =>
    (alibi === null ? 0 : -alibi.slope * Math.abs(alibi.position - j)) + (bias === null ? 0 : at(bias, j));

  // Scores and row maximum.
  const logits = new Float64Array(high - low);
  let maximum = Number.NEGATIVE_INFINITY;
  let maxLogit = 0;
  let keys = 0;
  for (let j = low; j < high; j += 1) {
    if ((j - low) % STEP_KEYS === STEP_KEYS - 1) yield;
    // What the mask hides is not seen, whatever its logit is.
    if (hidden(j)) continue;
    keys += 1;
    let dot = 0;
    for (let d = 0; d < headDim; d += 1) dot += at(q, d) * at(k, j * headDim + d);
    const scaled = dot * scale;
    const capped = softcap === null ? scaled : softcap * Math.tanh(scaled / softcap);
    const logit = capped + added(j);
    logits[j - low] = logit;
    maximum = Math.max(maximum, logit);
    maxLogit = Math.max(maxLogit, Math.abs(capped));
    if (sink !== null) maxLogit = Math.max(maxLogit, logitTerms(q, k, j * headDim, scale, capped, softcap));
  }
  if (keys === 0) return nothing;
  if (sink !== null) {
    maximum = Math.max(maximum, sink);
    maxLogit = Math.max(maxLogit, Math.abs(sink));
  }

  // Exponentials, row sum and accumulate. Nothing is rescaled, since the maximum of the whole row is known.
  // The sink weighs like a key of value 0 in the sum alone.
  let total = sink === null ? 0 : Math.exp(sink - maximum);
  // Of the squares of weights, of terms, and of both.
  let weightSquares = 0;
  const products = new Float64Array(valueDim);
  const termSquares = new Float64Array(valueDim);
  for (let j = low; j < high; j += 1) {
    if ((j - low) % STEP_KEYS === STEP_KEYS - 1) yield;
    if (hidden(j)) continue;
    const weight = Math.exp(at(logits, j - low) - maximum);
    if (weight > NEGLIGIBLE) maxLogit = Math.max(maxLogit, Math.abs(added(j)));
    total += weight;
    weightSquares += weight * weight;
    for (let d = 0; d < valueDim; d += 1) {
      const term = weight * at(v, j * valueDim + d);
      output[d] = at(output, d) + term;
      magnitude[d] = at(magnitude, d) + Math.abs(term);
      products[d] = at(products, d) + weight * term;
      termSquares[d] = at(termSquares, d) + term * term;
    }
  }

  // Write.
  for (let d = 0; d < valueDim; d += 1) {
    output[d] = at(output, d) / total;
    magnitude[d] = at(magnitude, d) / total;
  }
  const weightSpread = output.map((o, d) => {
    const sum = at(termSquares, d) - 2 * o * at(products, d) + o * o * weightSquares;
    return Math.sqrt(Math.max(0, sum)) / total;
  });
  return { output, maxLogit, magnitude, weightSpread, keys };
}

/**
 * How large the terms are whose sum is a logit: scale times the root of sum_d (q_d k_d)^2, times the slope of the soft-cap.
 * The error of a logit follows them rather than the logit, which may be near 0. Keys beside each other weigh by
 * differences of many logits, the largest of which is as large; beside a sink each is alone.
 */
export function logitTerms(
  q: Float32Array,
  k: Float32Array,
  from: number,
  scale: number,
  capped: number,
  softcap: number | null,
): number {
  let squares = 0;
  for (let d = 0; d < q.length; d += 1) squares += (at(q, d) * at(k, from + d)) ** 2;
  return Math.sqrt(squares) * Math.abs(scale) * (softcap === null ? 1 : 1 - (capped / softcap) ** 2);
}

/** An element known to exist; the index arithmetic above keeps it in range. */
function at(array: Float32Array | Float64Array, index: number): number {
  return array[index] as number;
}
