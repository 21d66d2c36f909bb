/** Checks the output of a timed run against the float64 oracle on seeded random rows of the slice. */

import type { ReferenceRow } from '../../kernels/reference.ts';
import type { Data } from '../data.ts';
import type { RowAddress } from '../host/host.ts';
import { oracle } from '../host/oracle.ts';
import { blockStarts, type Slice, sliceShape } from '../slice.ts';
import type { Workload } from '../workload.ts';

export interface Verification {
  rows: number;
  maxAbsoluteError: number;
  /** Largest over rows of: largest error in the row / root mean square of the reference row. */
  maxRelativeError: number;
  tolerance: number;
}

/** An f32 kernel's row error over the row's size, for unit normal inputs. */
const F32_TOLERANCE = 5e-5;
/** The oracle's work for one point, about: pairs of query and key. */
const ORACLE_PAIRS = 500_000;

/** A 32-bit linear congruential generator (Numerical Recipes), enough to pick rows. */
function generator(seed: number): (below: number) => number {
  let state = (seed ^ 0x5bd1e995) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * Rows to check: first and last of the slice, then seeded random ones, at least 4 and at most 64, fewer for long keys.
 * They lie in at most two KV heads, the first and a random one, since the oracle needs the keys of each.
 */
export function chooseRows(w: Workload, slice: Slice, seed: number): RowAddress[] {
  const random = generator(seed);
  const shape = sliceShape(w, slice);
  const group = shape.queryHeads / shape.kvHeads;
  const rows = blockStarts(slice).flatMap((start) =>
    Array.from({ length: Math.min(slice.blockRows, w.seqQuery - start) }, (_, i) => start + i),
  );
  const count = Math.max(4, Math.min(64, rows.length * shape.queryHeads, Math.floor(ORACLE_PAIRS / w.seqKv)));
  const heads = [
    { batch: 0, kvHead: 0 },
    { batch: random(shape.batch), kvHead: random(shape.kvHeads) },
  ];
  return Array.from({ length: count }, (_, index) => {
    const { batch, kvHead } = heads[index % 2] as { batch: number; kvHead: number };
    const row = index === 0 ? 0 : index === 1 ? rows.length - 1 : random(rows.length);
    return { batch, queryHead: kvHead * group + random(group), row: rows[row] as number };
  });
}

/**
 * The row error that rounding can explain: 5e-5 of the row's size for logits below 8, growing with the logits (an error
 * of one part in 2^24 of a logit s is a factor 1 + s 2^-24 on its weight) and, past 32k keys, with the length of the sums.
 */
export function tolerance(w: Workload, maxLogit: number): number {
  return F32_TOLERANCE * Math.max(1, maxLogit / 8) * Math.max(1, w.seqKv / 32768);
}

/** Compares output rows with their references. A NaN anywhere gives an infinite error. */
export function compareRows(w: Workload, references: readonly ReferenceRow[], outputs: readonly Float32Array[]): Verification {
  let maxAbsoluteError = 0;
  let maxRelativeError = 0;
  let maxLogit = 0;
  references.forEach((reference, index) => {
    const output = outputs[index] as Float32Array;
    let squares = 0;
    let worst = 0;
    reference.output.forEach((expected, dim) => {
      const error = Math.abs(expected - (output[dim] as number));
      // A comparison with NaN is false, so ask whether it is fine, not whether it is wrong.
      if (!(error <= worst)) worst = Number.isFinite(error) ? error : Number.POSITIVE_INFINITY;
      squares += expected * expected;
    });
    // Where the terms of a row cancel, a thousandth of their size stands in for the size of their sum.
    const size = Math.max(Math.sqrt(squares / reference.output.length), reference.termSize / 1000);
    maxAbsoluteError = Math.max(maxAbsoluteError, worst);
    maxRelativeError = Math.max(maxRelativeError, worst === 0 ? 0 : worst / size);
    maxLogit = Math.max(maxLogit, reference.maxLogit);
  });
  return { rows: references.length, maxAbsoluteError, maxRelativeError, tolerance: tolerance(w, maxLogit) };
}

/** Reads rows of the last run and compares them with the oracle. */
export async function verify(
  w: Workload,
  slice: Slice,
  data: Data,
  seed: number,
  read: (rows: RowAddress[]) => Promise<Float32Array[]>,
): Promise<Verification> {
  const rows = chooseRows(w, slice, seed);
  const outputs = await read(rows);
  return compareRows(w, oracle(w, data, rows), outputs);
}
