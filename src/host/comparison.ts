/** How far an output may be from the float64 oracle, element by element, and how far it is. */

import type { Program } from '../../kernels/kernel.ts';
import type { Dtype, Workload } from '../problem/workload.ts';
import type { OracleRow } from './oracle.ts';

/** How far output rows are from their references, and how far they may be. */
export interface Verification {
  /** Rows compared. */
  rows: number;
  maxAbsoluteError: number;
  /** The error that comes closest to what is allowed, or goes furthest beyond it, over the root mean square of its row. */
  maxRelativeError: number;
  /** What is allowed there, over the same. */
  tolerance: number;
}

/**
 * The largest relative error of rounding to the nearest number of a type: f32 has 24 significant bits, f16 has 11, bf16
 * has 8 (IEEE 754-2019 section 3.6 for the first two).
 */
export const UNIT_ROUNDOFF: Record<Dtype, number> = { f32: 2 ** -24, f16: 2 ** -11, bf16: 2 ** -8 };
/** Half a step of the subnormal numbers of f16, an absolute error. */
const HALF_UNDERFLOW = 2 ** -25;
/** The smallest normal number of f32: devices may take what is below for 0. */
const F32_UNDERFLOW = 2 ** -126;

/** An f32 kernel's row error over the row's size, for unit normal inputs. */
const F32_TOLERANCE = 5e-5;
/**
 * The most that is allowed for f32 arithmetic, whatever the logits. Beyond logits of 2,500 a row that is off by more has two keys as good as
 * equal, between which f32 cannot tell, or is wrong; neither is a result to show a rate for.
 */
const MOST_TOLERANCE = 2 ** -6;

/**
 * The error of f32 arithmetic in a row, over the row's size: 5e-5 for logits below 8, growing with the logits (an error
 * of one part in 2^24 of a logit s is a factor 1 + s 2^-24 on its weight) and, past 32k keys, with the length of the
 * sums; at most 2^-6.
 */
export function tolerance(w: Workload, maxLogit: number): number {
  const grown = F32_TOLERANCE * Math.max(1, maxLogit / 8) * Math.max(1, w.seqKv / 32768);
  return Math.min(MOST_TOLERANCE, grown);
}

/**
 * Times their spread that independent errors of weights may move an output, in units of the roundoff.
 *
 * With weights p_j (1 + d_j), |d_j| <= u_p, that add up to 1 before they are rounded, o' - o = sum_j p_j d_j (v_j - o) + o sum_j p_j d_j.
 * The second sum is at most u_p. In the first, as independent errors, uniform within half a unit in the last place, the terms add up to
 * more than t u_p sqrt(sum_j p_j^2 (v_j - o)^2) with a probability of at most 2 exp(-3 t^2 / 2) (Hoeffding; a uniform variable in
 * [-h, h] is sub-Gaussian with variance h^2 / 3): 8e-11 for t = 4. Of n keys they never pass t = sqrt(n) (Cauchy and Schwarz), whatever
 * the errors are.
 */
const INDEPENDENT_ERRORS = 4;

/** What rounding in a type other than f32 an output went through. */
export interface Rounding {
  /** The output was rounded to this type. */
  output: Dtype;
  /** The weights were rounded to it before the second product. */
  weights: Dtype;
  /**
   * The errors of the weights are independent, as in our own kernels. Where it is not known, the bound is that of the worst errors.
   */
  independent: boolean;
  /**
   * Where the keys are rows of so few distinct ones: equal keys have equal weights, and while the row's sum is in one binade each
   * of these is rounded the same way when it is added.
   */
  distinctKeys?: number;
  /** f32 results on this many sides: 1 beside the oracle, 2 beside another kernel's output. */
  sides: 1 | 2;
}

/** The rounding of a program's results on tensors of a workload's type. */
export function roundingOf({ dtype }: Workload, program: Program): Rounding {
  const halves = program.kind === 'wgsl' && program.halfWeights === true;
  const weights = program.kind === 'x64' ? (program.roundedWeights ?? 'f32') : halves ? 'f16' : 'f32';
  return { output: dtype, weights, independent: true, sides: 1 };
}

/**
 * How far element d of a row may be off. With u and u_p the unit roundoffs of output and weights, and
 * A_d = sum_j p_j |v_jd| (at most the largest |v| that the row sees):
 *
 *   sides x f32 error x size of the row + u |o_d| + u_p A_d
 *
 * where the last term is u_p (|o_d| + t sqrt(sum_j p_j^2 (v_jd - o_d)^2)) for independent errors (see INDEPENDENT_ERRORS). For
 * o_d (1 + u) bounds a rounded output, and weights p_j (1 + u_p) move sum_j p_j v_jd by at most u_p A_d. Weights of f16 below
 * 2^-14 are off by up to 2^-25 each, which adds at most 2^-25 n max |v| for n keys, and an output of f16 below 2^-14 by as much
 * once. For f32 these terms are far below the first.
 */
export function allowedErrors(
  w: Workload,
  reference: OracleRow,
  { output, weights, independent, sides, distinctKeys }: Rounding,
  dims = reference.output.length,
): Float64Array {
  const size = rowSize(reference, dims);
  const f32 = sides * (tolerance(w, reference.maxLogit) + equalWeightsError(reference.keys, distinctKeys)) * size;
  const [u, p] = [output, weights].map((dtype) => (dtype === 'f32' ? 0 : UNIT_ROUNDOFF[dtype]));
  // Beside a sink far above all logits every weight is tiny, and so is its product with a value.
  const tiny = w.sinks === true ? F32_UNDERFLOW * w.seqKv * (1 + reference.largestValue) : 0;
  const lost =
    tiny + lostBelowNormal(output) + (weights === 'f16' ? HALF_UNDERFLOW * w.seqKv * reference.largestValue : 0);
  const errors = Math.min(INDEPENDENT_ERRORS, Math.sqrt(reference.keys));
  return Float64Array.from({ length: dims }, (_, d) => {
    const value = Math.abs(reference.output[d] ?? 0);
    const terms = independent ? value + errors * (reference.weightSpread[d] ?? 0) : (reference.magnitude[d] ?? 0);
    return f32 + (u ?? 0) * value + (p ?? 0) * terms + lost;
  });
}

/** What an output of f16 below 2^-14 is off by, however small it is: beside a sink far above the scores all of a row is. */
const lostBelowNormal = (output: Dtype) => (output === 'f16' ? HALF_UNDERFLOW : 0);

/** With so many dims the root mean square of a row is not small by chance. */
const FEW_DIMS = 16;

/** The root mean square of a row; where its terms cancel, a thousandth of theirs stands in for it. Values that are no numbers do not count. */
export function rowSize({ output, magnitude, weightSpread }: OracleRow, dims = output.length): number {
  const rms = (list: Float64Array) => {
    const finite = list.subarray(0, dims).filter((value) => Number.isFinite(value));
    return Math.sqrt(finite.reduce((sum, value) => sum + value * value, 0) / Math.max(1, finite.length));
  };
  // A few values may all be near 0; what rounding adds to them is in proportion to their terms, not to them.
  const few = dims < FEW_DIMS ? rms(weightSpread) : 0;
  return Math.max(rms(output), few, rms(magnitude) / 1000);
}

/**
 * Times the rounding errors of a row's elements, put together as squares are, that a sum of them with seeded weights may be off: it passes t times
 * their root of squares with a probability of at most 2 exp(-t^2 / 2) (Hoeffding, of the weights' signs; the mean of their squares is 1), 7e-4 for t = 4, were every error the largest that
 * rounding makes; as they are, right kernels come to a third of it. The error of f32 arithmetic is allowed once: right kernels come to a tenth.
 */
const ROW_SUM = 4;
/** Mean |v| of standard normal values: what the terms of a row come to. */
const MEAN_VALUE = 0.8;

/**
 * How far a weighted sum of a row of `dims` standard normal values may be off: as in `allowedErrors`, with the size that such a row
 * has. The spread of the weights' errors is at most size x the root mean square of v - o, which is 1.5 at most.
 */
export function allowedSumError(
  w: Workload,
  row: { size: number; maxLogit: number; keys: number },
  { output, weights, sides, distinctKeys }: Rounding,
  dims: number,
): number {
  const size = Math.max(row.size, MEAN_VALUE / 1000);
  const [u, p] = [output, weights].map((dtype) => (dtype === 'f32' ? 0 : UNIT_ROUNDOFF[dtype]));
  const lost = lostBelowNormal(output) + (weights === 'f16' ? HALF_UNDERFLOW * w.seqKv * MEAN_VALUE : 0);
  const terms = size * (1 + INDEPENDENT_ERRORS * 1.5);
  const rounded = (u ?? 0) * size + (p ?? 0) * terms + lost;
  const f32 = sides * (tolerance(w, row.maxLogit) + equalWeightsError(row.keys, distinctKeys)) * size;
  return Math.sqrt(dims) * (f32 + ROW_SUM * rounded);
}

/** What a comparison takes besides the references and the outputs. */
export interface Comparing {
  rounding?: Rounding;
  /** Elements of a row that count; by default all. */
  dims?: number;
  /** What the outputs are compared with, in place of the references: rows of a stored output. */
  targets?: readonly (Float32Array | Float64Array)[];
  /** An error over the row's size that is right in place of the derived one. */
  tolerance?: number | null;
}

/**
 * Compares output rows with their references. A NaN anywhere gives an infinite error, unless the reference has one in the
 * same place.
 */
export function compareRows(
  w: Workload,
  references: readonly OracleRow[],
  outputs: readonly Float32Array[],
  { rounding, dims, targets, tolerance: given = null }: Comparing = {},
): Verification {
  const rounded = rounding ?? { output: w.dtype, weights: 'f32', independent: true, sides: 1 };
  let maxAbsoluteError = 0;
  let worst = { excess: -1, error: 0, allowed: 0 };
  references.forEach((reference, index) => {
    const output = outputs[index] as Float32Array;
    const target = targets?.[index] ?? reference.output;
    const count = dims ?? reference.output.length;
    const size = rowSize(reference, count);
    const allowed = given === null ? allowedErrors(w, reference, rounded, count) : undefined;
    for (let d = 0; d < count; d += 1) {
      const error = errorOf(target[d] as number, output[d] as number);
      const limit = allowed?.[d] ?? (given ?? 0) * size;
      maxAbsoluteError = Math.max(maxAbsoluteError, error);
      const excess = error === 0 ? 0 : limit === 0 ? Number.POSITIVE_INFINITY : error / limit;
      if (excess > worst.excess) worst = { excess, error: relative(error, size), allowed: relative(limit, size) };
    }
  });
  const { error, allowed } = worst;
  return { rows: references.length, maxAbsoluteError, maxRelativeError: error, tolerance: allowed };
}

/** Zero where both are the same, numbers or not; infinite where one is no number. */
function errorOf(expected: number, found: number): number {
  if (Object.is(expected, found) || expected === found) return 0;
  const error = Math.abs(expected - found);
  return Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
}

/**
 * What the row's sum of n weights in f32 may be off by where they have M different values: each addition is off by 2^-25 of
 * the sum at most, the same for equal weights, so the errors add up like n / sqrt(M) random ones, three times their spread.
 */
const equalWeightsError = (keys: number, distinct: number | undefined): number =>
  distinct === undefined ? 0 : (3 * keys * 2 ** -25) / Math.sqrt(distinct);

/** An error over the size of its row. */
export const relative = (error: number, size: number) => (error === 0 ? 0 : error / size);
