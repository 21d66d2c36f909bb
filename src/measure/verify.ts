/** Checks the output of a timed run against the float64 oracle on seeded random rows of the slice. */

import type { Program } from '../../kernels/kernel.ts';
import { compareRows, roundingOf, type Verification } from '../host/comparison.ts';
import { oracleSteps } from '../host/oracle.ts';
import type { Data } from '../problem/data.ts';
import { pairs } from '../problem/flops.ts';
import { blockStarts, type RowAddress, type Slice, sliceShape } from '../problem/slice.ts';
import { groupSize, type Workload } from '../problem/workload.ts';
import { runSteps, type StopWatch } from './stop.ts';

/** The oracle's work for one case, about: pairs of query and key. */
const ORACLE_PAIRS = 250_000;

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
 * They lie in two KV heads, the first and a random one, since the oracle needs the keys of each; where the keys of all heads are
 * few, one row of every query head is added.
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
  const chosen = Array.from({ length: count }, (_, index) => {
    const { batch, kvHead } = heads[index % 2] as { batch: number; kvHead: number };
    const row = index === 0 ? 0 : index === 1 ? rows.length - 1 : random(rows.length);
    return { batch, queryHead: kvHead * group + random(group), row: rows[row] as number };
  });
  // And one of every query head, where the keys of all of them are few enough for the oracle.
  const everyHead = shape.batch * shape.queryHeads;
  if (everyHead * w.seqKv > 2 * ORACLE_PAIRS) return chosen;
  const seen = new Set(chosen.map(({ batch, queryHead }) => `${batch} ${queryHead}`));
  const others = Array.from({ length: everyHead }, (_, index) => ({
    batch: Math.floor(index / shape.queryHeads),
    queryHead: index % shape.queryHeads,
    row: rows[random(rows.length)] as number,
  })).filter(({ batch, queryHead }) => !seen.has(`${batch} ${queryHead}`));
  return [...chosen, ...others];
}

/** Output rows of a timed run. */
export interface OutputRows {
  rows: readonly RowAddress[];
  outputs: readonly Float32Array[];
}

/** Reads rows of the last run. */
export async function readRows(
  w: Workload,
  slice: Slice,
  seed: number,
  read: (rows: RowAddress[]) => Promise<Float32Array[]>,
): Promise<OutputRows> {
  const rows = chooseRows(w, slice, seed);
  return { rows, outputs: await read(rows) };
}

/** Compares rows of a program's output with the oracle. Throws Interrupted where an interrupt leaves it no time. */
export async function verify(
  w: Workload,
  data: Data,
  program: Program,
  { rows, outputs }: OutputRows,
  watch: StopWatch,
): Promise<Verification> {
  return compareRows(w, await runSteps(oracleSteps(w, data, rows), watch), outputs, {
    rounding: roundingOf(w, program),
  });
}

/** Values that the oracle makes or multiplies to verify a slice: what its time is in proportion to. */
export function verificationWork(w: Workload, slice: Slice, seed: number): number {
  const rows = chooseRows(w, slice, seed);
  const heads = new Set(rows.map(({ batch, queryHead }) => `${batch} ${Math.floor(queryHead / groupSize(w))}`));
  return w.headDim * (2 * heads.size * w.seqKv + rows.reduce((sum, { row }) => sum + pairs(w, row, 1), 0));
}
