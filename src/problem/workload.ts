/** The attention problem: its shape, which keys a query sees, and the bytes of its tensors. FLOPs are in flops.ts. */

/** 'causal': a query sees no key after its own position. */
export type Mask = 'full' | 'causal';
/** Element type of q, k, v and o. Of ours, machine code alone takes bf16. */
export type Dtype = 'f32' | 'f16' | 'bf16';

/**
 * One attention forward pass, o = softmax(scale * q k^T + mask) v, where the fields at the end do nothing else.
 *
 * q is [batch, seqQuery, queryHeads, headDim], k [batch, seqKv, kvHeads, headDim]; v and o are like k and q with valueDim
 * dims. Query head h reads KV head floor(h / (queryHeads / kvHeads)). The last query is aligned with the last key (bottom
 * right).
 */
export interface Workload {
  batch: number;
  queryHeads: number;
  kvHeads: number;
  headDim: number;
  /** The head dimension of v and o, where it is not that of q and k; read it by valueDim. */
  headDimV?: number | undefined;
  seqQuery: number;
  seqKv: number;
  mask: Mask;
  /** Sliding window in tokens, including the query itself; null means none. */
  window: number | null;
  dtype: Dtype;
  /** Factor on q k^T, usually 1/sqrt(headDim). */
  scale: number;
  /** C of s = C tanh(s / C), after the scale and before the mask; null or absent: not. */
  softcap?: number | null | undefined;
  /** A logit for each query head that joins the sum of the weights and has no value. */
  sinks?: boolean | undefined;
  /** ALiBi: slopes by query head (scores.ts), times the distance of query and key, are taken from the scores. */
  alibi?: boolean | undefined;
  /** A tensor of the data is added to the scores. */
  maskTensor?: boolean | undefined;
}

/**
 * Stands for "no limit on this side" in a Visibility; larger than any sequence, and a small enough 32-bit integer to
 * add to.
 */
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
  return keysInWindow(visibility(w), w.seqKv, row);
}

/** The same from the offsets alone, for kernels, which know no workload. */
export function keysInWindow(
  { windowLow, windowHigh }: Visibility,
  seqKv: number,
  row: number,
): { low: number; high: number } {
  const high = Math.min(seqKv, Math.max(0, row + windowHigh));
  return { low: Math.min(high, Math.max(0, row + windowLow)), high };
}

/** Bytes of one element of a tensor. */
export function elementBytes(dtype: Dtype): number {
  return dtype === 'f32' ? 4 : 2;
}

/** The head dimension of v and o. */
export function valueDim(w: Pick<Workload, 'headDim' | 'headDimV'>): number {
  return w.headDimV ?? w.headDim;
}

/** The head dimensions as people write them: "128", or "192/128" where v has its own. */
export function formatHeadDims(w: Pick<Workload, 'headDim' | 'headDimV'>): string {
  return valueDim(w) === w.headDim ? `${w.headDim}` : `${w.headDim}/${valueDim(w)}`;
}

/** Bytes of q, k, v and o, each read or written once. */
export function bytes(w: Workload): number {
  const rows = w.batch * (w.seqQuery * w.queryHeads + w.seqKv * w.kvHeads);
  return rows * (w.headDim + valueDim(w)) * elementBytes(w.dtype);
}

/** Query heads that share one KV head. */
export function groupSize(w: Workload): number {
  return w.queryHeads / w.kvHeads;
}

/** Whether several query heads share a KV head. */
export const isGrouped = (w: Workload): boolean => w.queryHeads !== w.kvHeads;

/** A published element type as papers write it: "BF16", "FP16", "FP32". */
export function formatDtype(dtype: Dtype): string {
  return { f32: 'FP32', f16: 'FP16', bf16: 'BF16' }[dtype];
}

/** A sequence length as people write it: 32768 is 32k, 1000 is 1000. */
export function formatSize(size: number): string {
  return size >= 1024 && size % 1024 === 0 ? `${size / 1024}k` : String(size);
}

/** The heads of a workload as people write them: "16 heads", or "32/4 heads" if 4 KV heads are shared. */
export function formatHeads({ queryHeads, kvHeads }: Workload): string {
  if (queryHeads !== kvHeads) return `${queryHeads}/${kvHeads} heads`;
  return queryHeads === 1 ? '1 head' : `${queryHeads} heads`;
}

/** The lengths of a workload for tables and charts: "4k", or "1/32k" if queries and keys differ in number. */
export function formatLengths({ seqQuery, seqKv }: Workload): string {
  return seqQuery === seqKv ? formatSize(seqQuery) : `${formatSize(seqQuery)}/${formatSize(seqKv)}`;
}

/** The workload in a few words for tables and messages, for example "32k causal, 16 heads, d 128". */
export function describe(w: Workload): string {
  const seq = w.seqQuery === w.seqKv ? formatSize(w.seqQuery) : `${formatSize(w.seqQuery)} x ${formatSize(w.seqKv)}`;
  const window = w.window === null ? '' : `, window ${w.window}`;
  const batch = w.batch === 1 ? '' : `, batch ${w.batch}`;
  return `${seq} ${w.mask}${window}${formatScores(w) === '' ? '' : `, ${formatScores(w)}`}, ${formatHeads(w)}, d ${formatHeadDims(w)}${batch}`;
}

/** What else becomes of the scores: "soft-cap 50, sinks", or nothing. */
export function formatScores({ softcap, sinks, alibi, maskTensor }: Workload): string {
  const parts = [
    softcap == null ? '' : `soft-cap ${softcap}`,
    sinks === true ? 'sinks' : '',
    alibi === true ? 'ALiBi' : '',
    maskTensor === true ? 'mask tensor' : '',
  ];
  return parts.filter((part) => part !== '').join(', ');
}

/**
 * What of mask and scores a kernel's configuration is chosen for: "causal", "causal (window 128, soft-cap)". How large a cap is changes
 * no work, and a sink is a term of a row, not of a key.
 */
export function formatTunedMask({ mask, window, softcap }: Workload): string {
  const parts = [...(window === null ? [] : [`window ${window}`]), ...(softcap == null ? [] : ['soft-cap'])];
  return parts.length === 0 ? mask : `${mask} (${parts.join(', ')})`;
}

/** Its length and mask: enough to tell the workloads of a usual run apart. */
export const describeShort = (w: Workload): string => `${formatLengths(w)} ${w.mask}`;

/** True where two workloads are the same problem, dtype and softmax scale aside. */
export function sameProblem(a: Workload, b: Workload): boolean {
  return (
    a.batch === b.batch &&
    a.queryHeads === b.queryHeads &&
    a.kvHeads === b.kvHeads &&
    a.headDim === b.headDim &&
    valueDim(a) === valueDim(b) &&
    a.seqQuery === b.seqQuery &&
    a.seqKv === b.seqKv &&
    a.mask === b.mask &&
    a.window === b.window &&
    (a.softcap ?? null) === (b.softcap ?? null) &&
    (a.sinks ?? false) === (b.sinks ?? false) &&
    (a.alibi ?? false) === (b.alibi ?? false) &&
    (a.maskTensor ?? false) === (b.maskTensor ?? false)
  );
}
