/**
 * What the sums of every output row should be, in float64, from the drawn values (src/problem/drawn.ts).
 *
 * The keys of a head are K distinct rows, of which row m stands n_m times among the keys that a query sees. With the logit
 * s_m of each and the sum V_m of the rows of v beside them,
 *
 *   o = sum_m exp(s_m) V_m / sum_m exp(s_m) n_m,
 *
 * which is the softmax's definition with equal terms put together (a soft-cap changes s_m, a sink adds to the sum below); weights u give the sum u . o, with u . V_m in place of V_m. The counts and sums
 * follow a query's range of keys from row to row, so a row costs some K multiply-adds, and a key one addition.
 */

import { logitTerms } from '../../kernels/reference.ts';
import { type DrawnData, sinkValue } from '../problem/data.ts';
import { DISTINCT_ROWS, distinctKeys, drawnIndex, drawnKey, drawnTable } from '../problem/drawn.ts';
import { scoreOptions } from '../problem/scores.ts';
import { blockStarts, type RowAddress, type Slice, sliceShape } from '../problem/slice.ts';
import { groupSize, keyRange, valueDim, type Workload } from '../problem/workload.ts';
import { SUMS_PER_ROW, sumWeights } from './row-sums.ts';

/** A row's sums, and what their tolerance depends on. */
export interface ExpectedRow {
  first: number;
  second: number;
  /** The root mean square that the row should have, about: that of its weights, since the values are standard normal. */
  size: number;
  /** Largest absolute logit that it sees. */
  maxLogit: number;
  /** Keys that it sees. */
  keys: number;
}

/** False where scores depend on a key's place, as ALiBi's and those of a mask tensor do: equal keys then weigh differently. */
export const hasExpectedSums = (w: Workload): boolean =>
  scoreOptions(w).every((option) => option === 'softcap' || option === 'sinks');

/** Rows, or keys, of one step. */
const STEP = 65536;
/** A sum of weights below this was made by a maximum that the row does not see. */
const LEAST_WEIGHTS = 1e-200;

/** The query rows of a slice's heads, by number in the whole workload. */
export function sliceRows(w: Workload, slice: Slice): number[] {
  return blockStarts(slice).flatMap((start) =>
    Array.from({ length: Math.min(slice.blockRows, w.seqQuery - start) }, (_, i) => start + i),
  );
}

/** The address of row number `index` of a slice's sums. */
export function addressOf(w: Workload, slice: Slice, index: number): RowAddress {
  const { queryHeads, seqQuery } = sliceShape(w, slice);
  const rows = sliceRows(w, slice);
  return {
    batch: Math.floor(index / (queryHeads * seqQuery)) + (slice.firstBatch ?? 0),
    queryHead: (Math.floor(index / seqQuery) % queryHeads) + (slice.firstKvHead ?? 0) * groupSize(w),
    row: rows[index % seqQuery] as number,
  };
}

/** Calls `visit` with the number of every row of a slice and what it should be; in steps of a fraction of a second. */
export function* expectedSums(
  w: Workload,
  data: DrawnData,
  slice: Slice,
  sumSeed: number,
  visit: (index: number, row: ExpectedRow) => void,
): Generator<void, void, void> {
  const { seed } = data;
  const { batch: batches, kvHeads, seqQuery: rowCount } = sliceShape(w, slice);
  const { firstBatch = 0, firstKvHead = 0 } = slice;
  const group = groupSize(w);
  const rows = sliceRows(w, slice);
  const table = logitTable(w, seed);
  const values = summedValues(w, seed, sumSeed);
  const seen = createSeenKeys(seed, table.keys, values);
  let since = 0;
  for (let b = 0; b < batches; b += 1) {
    for (let kv = 0; kv < kvHeads; kv += 1) {
      seen.begin(firstBatch + b, firstKvHead + kv);
      for (let at = 0; at < rowCount; at += 1) {
        const row = rows[at] as number;
        since += seen.moveTo(keyRange(w, row)) + group;
        for (let member = 0; member < group; member += 1) {
          const head = (firstKvHead + kv) * group + member;
          const query = drawnIndex(seed, 'q', firstBatch + b, head, row) * table.keys;
          const index = ((b * kvHeads + kv) * group + member) * rowCount + at;
          const sink = w.sinks === true ? sinkValue(data, head) : null;
          visit(index, rowOf(table, query, seen, sink));
        }
        if (since > STEP) {
          since = 0;
          yield;
        }
      }
    }
  }
}

/** The keys that a query sees: of each distinct row how many, and the sums of the values beside them. */
interface SeenKeys {
  counts: Float64Array;
  first: Float64Array;
  second: Float64Array;
  begin(batch: number, kvHead: number): void;
  /** Adds and takes away keys until it is this range; how many. Ranges only move upwards. */
  moveTo(range: { low: number; high: number }): number;
}

function createSeenKeys(seed: number, keys: number, values: Float64Array): SeenKeys {
  const [counts, first, second] = [new Float64Array(keys), new Float64Array(keys), new Float64Array(keys)];
  let [batch, kvHead, from, to] = [0, 0, 0, 0];
  const count = (token: number, sign: 1 | -1) => {
    const key = drawnKey(keys, seed, batch, kvHead, token);
    const value = drawnIndex(seed, 'v', batch, kvHead, token) * SUMS_PER_ROW;
    counts[key] = (counts[key] as number) + sign;
    first[key] = (first[key] as number) + sign * (values[value] as number);
    second[key] = (second[key] as number) + sign * (values[value + 1] as number);
  };
  return {
    ...{ counts, first, second },
    begin(...head) {
      [batch, kvHead] = head;
      for (const list of [counts, first, second]) list.fill(0);
      [from, to] = [0, 0];
    },
    moveTo({ low, high }) {
      let moved = 0;
      // What lies before the range and was never seen is passed over.
      if (to <= low) {
        for (; from < to; from += 1, moved += 1) count(from, -1);
        [from, to] = [low, low];
      }
      for (; to < high; to += 1, moved += 1) count(to, 1);
      for (; from < low; from += 1, moved += 1) count(from, -1);
      return moved;
    },
  };
}

/** Scaled logits of every distinct query with every distinct key, their exponentials below the query's largest, and that. */
interface LogitTable {
  /** Distinct keys. */
  keys: number;
  logits: Float64Array;
  /** What the error of each logit follows, beside a sink: see logitTerms of the oracle; 0 without sinks. */
  terms: Float64Array;
  weights: Float64Array;
  /** [distinct query] */
  largest: Float64Array;
}

/** What the row of a distinct query should be; `query` is where its logits begin in the table. */
function rowOf(
  { keys: distinct, logits, terms, weights, largest }: LogitTable,
  query: number,
  seen: SeenKeys,
  sink: number | null,
): ExpectedRow {
  const { counts, first, second } = seen;
  let [total, squares, sum1, sum2, maxLogit, keys] = [0, 0, 0, 0, 0, 0];
  for (let m = 0; m < distinct; m += 1) {
    const n = counts[m] as number;
    if (n === 0) continue;
    const weight = weights[query + m] as number;
    keys += n;
    total += weight * n;
    squares += weight * weight * n;
    sum1 += weight * (first[m] as number);
    sum2 += weight * (second[m] as number);
    const logit = Math.max(Math.abs(logits[query + m] as number), terms[query + m] as number);
    if (logit > maxLogit) maxLogit = logit;
  }
  if (keys === 0) return { first: 0, second: 0, size: 0, maxLogit: 0, keys: 0 };
  const top = largest[query / distinct] as number;
  const sinkWeight = sink === null ? 0 : Math.exp(sink - top);
  if (total + sinkWeight < LEAST_WEIGHTS || !Number.isFinite(sinkWeight)) {
    // No key is near the largest logit of all distinct ones: the weights are made anew from the largest of those that are seen.
    const own = logits.slice(query, query + distinct);
    const seenLogits = own.filter((_, m) => counts[m] !== 0);
    const most = Math.max(sink ?? Number.NEGATIVE_INFINITY, ...seenLogits);
    const table = {
      keys: distinct,
      logits: own,
      terms: terms.slice(query, query + distinct),
      weights: own.map((logit) => Math.exp(Math.min(0, logit - most))),
      largest: Float64Array.of(most),
    };
    return rowOf(table, 0, seen, sink);
  }
  if (sink !== null) maxLogit = Math.max(maxLogit, Math.abs(sink));
  total += sinkWeight;
  return { first: sum1 / total, second: sum2 / total, size: Math.sqrt(squares) / total, maxLogit, keys };
}

function logitTable(w: Workload, seed: number): LogitTable {
  const { headDim, scale, softcap = null, sinks = false } = w;
  const [q, k] = [drawnTable(seed, w, 'q', headDim), drawnTable(seed, w, 'k', headDim)];
  const keys = distinctKeys(w);
  const logits = new Float64Array(DISTINCT_ROWS.q * keys);
  const [weights, terms] = [new Float64Array(logits.length), new Float64Array(logits.length)];
  const largest = new Float64Array(DISTINCT_ROWS.q).fill(Number.NEGATIVE_INFINITY);
  for (let a = 0; a < DISTINCT_ROWS.q; a += 1) {
    for (let m = 0; m < keys; m += 1) {
      let dot = 0;
      for (let d = 0; d < headDim; d += 1) dot += (q[a * headDim + d] as number) * (k[m * headDim + d] as number);
      const logit = softcap === null ? dot * scale : softcap * Math.tanh((dot * scale) / softcap);
      logits[a * keys + m] = logit;
      if (sinks) {
        const query = q.subarray(a * headDim, (a + 1) * headDim);
        terms[a * keys + m] = logitTerms(query, k, m * headDim, scale, logit, softcap);
      }
      largest[a] = Math.max(largest[a] as number, logit);
    }
    for (let m = 0; m < keys; m += 1) {
      weights[a * keys + m] = Math.exp((logits[a * keys + m] as number) - (largest[a] as number));
    }
  }
  return { keys, logits, terms, weights, largest };
}

/** The sums of every distinct row of v, [row, SUMS_PER_ROW]. */
function summedValues(w: Workload, seed: number, sumSeed: number): Float64Array {
  const dims = valueDim(w);
  const v = drawnTable(seed, w, 'v', dims);
  const weights = sumWeights(sumSeed, dims);
  const sums = new Float64Array(DISTINCT_ROWS.v * SUMS_PER_ROW);
  for (let row = 0; row < DISTINCT_ROWS.v; row += 1) {
    for (let s = 0; s < SUMS_PER_ROW; s += 1) {
      let sum = 0;
      for (let d = 0; d < dims; d += 1) sum += (v[row * dims + d] as number) * (weights[s * dims + d] as number);
      sums[row * SUMS_PER_ROW + s] = sum;
    }
  }
  return sums;
}
