/** The float64 oracle for rows of a workload. */

import { type ReferenceRow, referenceSteps } from '../../kernels/reference.ts';
import { type Data, fillRow } from '../problem/data.ts';
import { rowTerms } from '../problem/scores.ts';
import type { RowAddress } from '../problem/slice.ts';
import { groupSize, keyRange, valueDim, type Workload } from '../problem/workload.ts';

/** A row of the oracle, and the largest |v| of its KV head. */
export interface OracleRow extends ReferenceRow {
  largestValue: number;
}

/** Reference results of the given rows, in their order. Rows that share a KV head share its keys, made once. */
export function oracle(w: Workload, data: Data, rows: readonly RowAddress[]): OracleRow[] {
  const steps = oracleSteps(w, data, rows);
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
  }
}

/** Keys whose values are made in one step. */
const STEP_KEYS = 8192;

/** The same in steps of a fraction of a second, between which a caller may do something else or stop. */
export function* oracleSteps(w: Workload, data: Data, rows: readonly RowAddress[]): Generator<void, OracleRow[], void> {
  const results: OracleRow[] = [];
  const k = new Float32Array(w.seqKv * w.headDim);
  const v = new Float32Array(w.seqKv * valueDim(w));
  const q = new Float32Array(w.headDim);
  const byHead = new Map<string, number[]>();
  rows.forEach(({ batch, queryHead }, index) => {
    const key = `${batch}/${Math.floor(queryHead / groupSize(w))}`;
    byHead.set(key, [...(byHead.get(key) ?? []), index]);
  });
  for (const indices of byHead.values()) {
    const first = rows[indices[0] as number] as RowAddress;
    const kvHead = Math.floor(first.queryHead / groupSize(w));
    // Keys that no row of these sees are not made.
    const ranges = indices.map((index) => keyRange(w, (rows[index] as RowAddress).row));
    const low = Math.min(...ranges.map((range) => range.low));
    const high = Math.max(...ranges.map((range) => range.high));
    for (let token = low; token < high; token += 1) {
      if (token % STEP_KEYS === STEP_KEYS - 1) yield;
      fillRow(data, w, 'k', first.batch, kvHead, token, k, token * w.headDim);
      fillRow(data, w, 'v', first.batch, kvHead, token, v, token * valueDim(w));
    }
    let largestValue = 0;
    // A comparison with NaN is false: values that are no numbers do not count.
    for (const value of v.subarray(low * valueDim(w), high * valueDim(w)))
      if (Math.abs(value) > largestValue) largestValue = Math.abs(value);
    for (const index of indices) {
      const address = rows[index] as RowAddress;
      const { batch, queryHead, row } = address;
      fillRow(data, w, 'q', batch, queryHead, row, q, 0);
      const terms = rowTerms(w, data, address);
      results[index] = { ...(yield* referenceSteps(q, k, v, keyRange(w, row), w.scale, terms)), largestValue };
    }
  }
  return results;
}
