/** The attention problem: its shape, which keys a query sees, and how many FLOPs and bytes it is worth. */

export type Mask = 'full' | 'causal';
/** Element type of q, k, v and o. bf16 occurs in published figures only. */
export type Dtype = 'f32' | 'f16' | 'bf16';

/**
 * One attention forward pass, o = softmax(scale * q k^T + mask) v.
 *
 * q and o are [batch, seqQuery, queryHeads, headDim]; k and v are [batch, seqKv, kvHeads, headDim]. Query head h reads KV
 * head floor(h / (queryHeads / kvHeads)). The last query is aligned with the last key (bottom right).
 */
export interface Workload {
  batch: number;
  queryHeads: number;
  kvHeads: number;
  headDim: number;
  seqQuery: number;
  seqKv: number;
  mask: Mask;
  /** Sliding window in tokens, the query's own included; null means none. */
  window: number | null;
  dtype: Dtype;
  /** Factor on q k^T, usually 1/sqrt(headDim). */
  scale: number;
}

/** How a figure counts FLOPs: pair by pair, or with the causal mask worth half of seqQuery x seqKv. */
export type FlopRule = 'exact' | 'half-square';

/** Stands for "no limit on this side" in a Visibility; larger than any sequence, and a small enough 32-bit integer to add to. */
export const UNBOUNDED = 1 << 29;

/** Query row r sees keys from max(0, r + windowLow) up to, not including, min(seqKv, r + windowHigh). */
export interface Visibility {
  windowLow: number;
  windowHigh: number;
}

/** The visible keys as offsets from the row number, which is all that a kernel needs to know of a mask. */
export function visibility(w: Workload): Visibility {
  const diagonal = w.seqKv - w.seqQuery;
  const windowLow = w.window === null ? -UNBOUNDED : diagonal + 1 - w.window;
  const windowHigh = w.mask === 'causal' ? diagonal + 1 : w.window === null ? UNBOUNDED : diagonal + w.window;
  return { windowLow, windowHigh };
}

/** The half-open range of keys that query row `row` sees; low equals high where it sees none. */
export function keyRange(w: Workload, row: number): { low: number; high: number } {
  const { windowLow, windowHigh } = visibility(w);
  const high = Math.min(w.seqKv, Math.max(0, row + windowHigh));
  return { low: Math.min(high, Math.max(0, row + windowLow)), high };
}

/** Query-key pairs kept by the mask for `count` rows of one head, starting at row `start`. */
export function pairs(w: Workload, start = 0, count = w.seqQuery): number {
  if (w.mask === 'full' && w.window === null) return count * w.seqKv;
  let sum = 0;
  for (let row = start; row < start + count; row += 1) {
    const { low, high } = keyRange(w, row);
    sum += high - low;
  }
  return sum;
}

/**
 * FLOPs of one forward pass: two matrix products, 2 for each multiply-add, over the pairs kept; softmax is not counted.
 * The rule 'half-square' is the published figures': batch x heads x 4 x seq^2 x headDim, halved for causal (FlashAttention-4 paper, section 5).
 */
export function flops(w: Workload, rule: FlopRule = 'exact'): number {
  const perHead =
    rule === 'half-square' && w.window === null ? (w.seqQuery * w.seqKv) / (w.mask === 'causal' ? 2 : 1) : pairs(w);
  return 4 * w.batch * w.queryHeads * w.headDim * perHead;
}

/** Bytes of one element. */
export function elementBytes(dtype: Dtype): number {
  return dtype === 'f32' ? 4 : 2;
}

/** Bytes of q, k, v and o, each read or written once. */
export function bytes(w: Workload): number {
  const queries = 2 * w.batch * w.seqQuery * w.queryHeads * w.headDim;
  const keys = 2 * w.batch * w.seqKv * w.kvHeads * w.headDim;
  return (queries + keys) * elementBytes(w.dtype);
}

/** Query heads that share one KV head. */
export function groupSize(w: Workload): number {
  return w.queryHeads / w.kvHeads;
}

/** A sequence length as people write it: 32768 is 32k, 1000 is 1000. */
export function formatSize(size: number): string {
  return size >= 1024 && size % 1024 === 0 ? `${size / 1024}k` : String(size);
}

/** A short name for tables and messages, for example "32k causal, 16 heads, d 128". */
export function describe(w: Workload): string {
  const seq = w.seqQuery === w.seqKv ? formatSize(w.seqQuery) : `${formatSize(w.seqQuery)} x ${formatSize(w.seqKv)}`;
  const heads = w.queryHeads === w.kvHeads ? `${w.queryHeads} heads` : `${w.queryHeads}/${w.kvHeads} heads`;
  const window = w.window === null ? '' : `, window ${w.window}`;
  const batch = w.batch === 1 ? '' : `, batch ${w.batch}`;
  return `${seq} ${w.mask}${window}, ${heads}, d ${w.headDim}${batch}`;
}

/** True where two workloads are the same problem, dtype and softmax scale aside. */
export function sameProblem(a: Workload, b: Workload): boolean {
  return (
    a.batch === b.batch &&
    a.queryHeads === b.queryHeads &&
    a.kvHeads === b.kvHeads &&
    a.headDim === b.headDim &&
    a.seqQuery === b.seqQuery &&
    a.seqKv === b.seqKv &&
    a.mask === b.mask &&
    a.window === b.window
  );
}
