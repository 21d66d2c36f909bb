/**
 * Checks the output of a timed run in float64: seeded rows element by element against the oracle, one of every head among them,
 * and every row that ran by two weighted sums. docs/verification.md says what passes.
 */

import type { Program } from '../../kernels/kernel.ts';
import { allowedSumError, compareRows, relative, roundingOf, type Verification } from '../host/comparison.ts';
import { addressOf, expectedSums, hasExpectedSums, sliceRows } from '../host/expected-sums.ts';
import { oracleSteps } from '../host/oracle.ts';
import { SUMS_PER_ROW } from '../host/row-sums.ts';
import { wrongResult, wrongRows } from '../messages.ts';
import type { DrawnData } from '../problem/data.ts';
import { distinctKeys } from '../problem/drawn.ts';
import { pairs } from '../problem/flops.ts';
import { type RowAddress, type Slice, sliceShape } from '../problem/slice.ts';
import { groupSize, keyRange, valueDim, type Workload } from '../problem/workload.ts';
import { runSteps, type StopWatch } from './stop.ts';

/** The oracle's work for the rows that are chosen at random, about, and at most for one of every head: pairs of query and key. */
const ORACLE_PAIRS = 250_000;
const EVERY_HEAD_PAIRS = 1_200_000;

/** A 32-bit linear congruential generator (Numerical Recipes), enough to pick rows. */
function generator(seed: number): (below: number) => number {
  let state = (seed ^ 0x5bd1e995) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/**
 * Rows for the oracle: first and last of the slice, then seeded random ones, at least 4 and at most 64, fewer for long keys.
 * They lie in two KV heads, the first and a random one, since the oracle needs the keys of each. And one of every other query
 * head: a random row where the keys of all of them are few enough, else the one that sees the fewest keys; where even those
 * are too many (batches of very long decoding), heads spread evenly over all.
 */
export function chooseRows(w: Workload, slice: Slice, seed: number): RowAddress[] {
  const random = generator(seed);
  const shape = sliceShape(w, slice);
  const group = shape.queryHeads / shape.kvHeads;
  const rows = sliceRows(w, slice);
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
  const everyHead = shape.batch * shape.queryHeads;
  const keysOf = (row: number) => pairs(w, row, 1);
  const mean = rows.reduce((sum, row) => sum + keysOf(row), 0) / rows.length;
  const fewest = rows.reduce((best, row) => (keysOf(row) < keysOf(best) ? row : best), rows[0] as number);
  const anyRow = everyHead * mean <= EVERY_HEAD_PAIRS;
  const each = Math.max(1, (everyHead * (anyRow ? 0 : keysOf(fewest))) / EVERY_HEAD_PAIRS);
  const seen = new Set(chosen.map(({ batch, queryHead }) => `${batch} ${queryHead}`));
  const others = Array.from({ length: Math.floor(everyHead / each) }, (_, index) => {
    const head = Math.floor(index * each);
    const row = rows[random(rows.length)] as number;
    return {
      batch: Math.floor(head / shape.queryHeads),
      queryHead: head % shape.queryHeads,
      row: anyRow ? row : fewest,
    };
  }).filter(({ batch, queryHead }) => !seen.has(`${batch} ${queryHead}`));
  return [...chosen, ...others];
}

/** What is kept of the output of a timed run; of each process one. */
export interface KeptOutput {
  rows: readonly RowAddress[];
  outputs: readonly Float32Array[];
  /** The sums of every row; null where nothing is known of what they should be. */
  sums: Float64Array | null;
}

/** How the output of the last run is read. */
export interface OutputReader {
  read(rows: RowAddress[]): Promise<Float32Array[]>;
  sums(seed: number): Promise<Float64Array>;
}

/** The seed of the weights: another than that of the values. */
const sumSeed = (seed: number) => seed ^ 0x2545f491;

/** Keeps of the last run what its verification needs. */
export async function keepOutput(w: Workload, slice: Slice, seed: number, last: OutputReader): Promise<KeptOutput> {
  const rows = chooseRows(w, slice, seed);
  const outputs = await last.read(rows);
  return { rows, outputs, sums: hasExpectedSums(w) ? await last.sums(sumSeed(seed)) : null };
}

/** What came of a verification. */
export interface Verified extends Verification {
  /** Every row by its sums; absent where nothing is known of what they should be. */
  everyRow?: EveryRow;
}

/** How far the sums of all rows are from what they should be. */
export interface EveryRow {
  rows: number;
  /** The error that comes closest to what is allowed, over the size of its row. */
  maxRelativeError: number;
  tolerance: number;
}

/**
 * Verifies what was kept of a program's outputs, those of several processes together: the worst that was found, or the message
 * of what is wrong. Throws Interrupted where an interrupt leaves it no time.
 */
export async function verify(
  w: Workload,
  data: DrawnData,
  program: Program,
  slice: Slice,
  kept: readonly [KeptOutput, ...KeptOutput[]],
  watch: StopWatch,
): Promise<Verified | { wrong: string }> {
  const rounding = { ...roundingOf(w, program), distinctKeys: distinctKeys(w) };
  const ofRuns = kept.flatMap(({ sums }) => (sums === null ? [] : [sums]));
  const sums = ofRuns.length === 0 ? null : await checkSums(w, data, program, slice, ofRuns, watch);
  if (sums !== null && sums.wrong !== null) return { wrong: sums.wrong };
  const [{ rows }] = kept;
  const references = await runSteps(oracleSteps(w, data, rows), watch);
  const compared = kept.map(({ outputs }) => compareRows(w, references, outputs, { rounding }));
  const bad = compared.find(({ maxRelativeError, tolerance }) => !(maxRelativeError <= tolerance));
  if (bad !== undefined) return { wrong: wrongResult(bad.maxRelativeError, bad.tolerance) };
  const found = compared.reduce((worst, one) =>
    one.maxRelativeError / one.tolerance > worst.maxRelativeError / worst.tolerance ? one : worst,
  );
  return sums === null ? found : { ...found, everyRow: sums.everyRow };
}

/** The sums of every row, of each of several runs, beside what they should be. */
async function checkSums(
  w: Workload,
  data: DrawnData,
  program: Program,
  slice: Slice,
  runs: readonly Float64Array[],
  watch: StopWatch,
): Promise<{ everyRow: EveryRow; wrong: string | null }> {
  const rounding = { ...roundingOf(w, program), distinctKeys: distinctKeys(w) };
  const dims = valueDim(w);
  let worst = { excess: -1, error: 0, allowed: 0, index: 0 };
  let [wrong, first] = [0, -1];
  const steps = expectedSums(w, data, slice, sumSeed(data.seed), (index, row) => {
    const limit = allowedSumError(w, row, rounding, dims);
    const at = index * SUMS_PER_ROW;
    let error = 0;
    for (const sums of runs) {
      // The larger of several is NaN where one is.
      const [first, second] = [sums[at] as number, sums[at + 1] as number];
      error = Math.max(error, Math.abs(first - row.first), Math.abs(second - row.second));
    }
    const excess = error <= limit ? error / limit || 0 : error > limit ? error / limit : Number.POSITIVE_INFINITY;
    if (excess > 1) {
      wrong += 1;
      first = first < 0 ? index : Math.min(first, index);
    }
    if (excess <= worst.excess) return;
    const size = row.size * Math.sqrt(dims);
    const own = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    worst = { excess, error: relative(own, size), allowed: relative(limit, size), index };
  });
  await runSteps(steps, watch);
  const rows = (runs[0] as Float64Array).length / SUMS_PER_ROW;
  const everyRow = { rows, maxRelativeError: worst.error, tolerance: worst.allowed };
  if (wrong === 0) return { everyRow, wrong: null };
  const { batch, queryHead, row } = addressOf(w, slice, first);
  const where = `row ${row} of query head ${queryHead} in batch ${batch}`;
  return { everyRow, wrong: wrongRows(wrong, rows, where, worst.error, worst.allowed) };
}

/** Seconds of the oracle for a value of a pair of query and key, and for making one; and of the sums for a row, and for a key. */
const SECONDS = { product: 6e-9, value: 2e-9, row: 1.5e-6, key: 6e-8, sum: 2.5e-9 } as const;

/** Seconds that verifying a slice takes, as seen on server CPUs. */
export function verificationSeconds(w: Workload, slice: Slice, seed: number): number {
  const rows = chooseRows(w, slice, seed);
  const shape = sliceShape(w, slice);
  const heads = new Map<string, number>();
  for (const { batch, queryHead, row } of rows) {
    const head = `${batch} ${Math.floor(queryHead / groupSize(w))}`;
    heads.set(head, Math.max(heads.get(head) ?? 0, keyRange(w, row).high));
  }
  const made = [...heads.values()].reduce((sum, keys) => sum + 2 * keys, 0);
  const products = rows.reduce((sum, { row }) => sum + pairs(w, row, 1), 0);
  const outputRows = shape.batch * shape.queryHeads * shape.seqQuery;
  return (
    ((w.headDim + valueDim(w)) / 2) * (SECONDS.value * made + SECONDS.product * products) +
    valueDim(w) * SECONDS.sum * outputRows +
    SECONDS.row * (distinctKeys(w) / 64) * outputRows +
    SECONDS.key * shape.batch * shape.kvHeads * w.seqKv
  );
}
