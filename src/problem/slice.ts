/**
 * A part of a workload's work: some batches, some KV heads, some runs of query-row blocks, each row with all its keys.
 */

import { pairFlops, pairs } from './flops.ts';
import { elementBytes, groupSize, valueDim, type Workload } from './workload.ts';

/**
 * The first `batches` batches, in each the first `kvHeads` KV heads with all their query heads, and in each query head
 * the same runs of blocks of `blockRows` query rows (the last block of a head may be shorter). A slice is a workload of
 * its own with some rows left out: tensors are allocated for what it covers and for nothing else. A part of a split
 * slice begins at another batch and KV head than the first.
 */
export interface Slice {
  batches: number;
  /** KV heads of each batch. */
  kvHeads: number;
  /** Where a part of a split slice begins; 0 where absent. */
  firstBatch?: number;
  firstKvHead?: number;
  /** Query rows of one block. */
  blockRows: number;
  /** Runs of blocks, by the number of their first block, ascending. */
  runs: { start: number; count: number }[];
}

/** A query row of the whole workload: o[batch, row, queryHead]. */
export interface RowAddress {
  batch: number;
  queryHead: number;
  row: number;
}

/** The slice that is the whole workload. */
export function wholeSlice(w: Workload, blockRows: number): Slice {
  return { batches: w.batch, kvHeads: w.kvHeads, blockRows, runs: [{ start: 0, count: blocksPerHead(w, blockRows) }] };
}

/** Every output row in the order of memory: batch, row, head. */
export function allRows(w: Workload): RowAddress[] {
  return Array.from({ length: w.batch * w.seqQuery * w.queryHeads }, (_, index) => ({
    batch: Math.floor(index / (w.seqQuery * w.queryHeads)),
    row: Math.floor(index / w.queryHeads) % w.seqQuery,
    queryHead: index % w.queryHeads,
  }));
}

/** The slice of `groups` whole KV heads: one batch's first heads, or whole batches. */
export function groupSlice(w: Workload, blockRows: number, groups: number): Slice {
  return { ...wholeSlice(w, blockRows), batches: Math.ceil(groups / w.kvHeads), kvHeads: Math.min(groups, w.kvHeads) };
}

/** Blocks of query rows in one head. */
export function blocksPerHead(w: Workload, blockRows: number): number {
  return Math.ceil(w.seqQuery / blockRows);
}

/** First row of every block of the slice, ascending. */
export function blockStarts(slice: Slice): number[] {
  return slice.runs.flatMap(({ start, count }) =>
    Array.from({ length: count }, (_, i) => (start + i) * slice.blockRows),
  );
}

/**
 * Query rows of one head that the slice runs. Every block but the last of the sequence is full, so block i starts at
 * compact row i * blockRows.
 */
export function rowsPerHead(w: Workload, slice: Slice): number {
  return slice.runs.reduce(
    (sum, { start, count }) =>
      sum + Math.min(w.seqQuery, (start + count) * slice.blockRows) - Math.min(w.seqQuery, start * slice.blockRows),
    0,
  );
}

/** Number of work tiles: (batch, query head, block). */
export function workTileCount(w: Workload, slice: Slice): number {
  const blocks = slice.runs.reduce((sum, run) => sum + run.count, 0);
  return slice.batches * slice.kvHeads * groupSize(w) * blocks;
}

/**
 * The workload whose tensors a slice allocates: the same problem with fewer batches and heads; seqQuery counts the
 * slice's rows.
 */
export function sliceShape(w: Workload, slice: Slice): Workload {
  const queryHeads = slice.kvHeads * groupSize(w);
  return { ...w, batch: slice.batches, kvHeads: slice.kvHeads, queryHeads, seqQuery: rowsPerHead(w, slice) };
}

/** FLOPs of what the slice runs, by the exact rule. */
export function sliceFlops(w: Workload, slice: Slice): number {
  let kept = 0;
  for (const { start, count } of slice.runs) {
    const first = Math.min(w.seqQuery, start * slice.blockRows);
    kept += pairs(w, first, Math.min(w.seqQuery, (start + count) * slice.blockRows) - first);
  }
  return slice.batches * slice.kvHeads * groupSize(w) * pairFlops(w, kept);
}

/** Share of the rows of a KV head's group that the slice runs. */
export function groupShare(w: Workload, slice: Slice): number {
  return rowsPerHead(w, slice) / w.seqQuery;
}

/** What a slice should reach and may not exceed. */
export interface SliceLimits {
  /** FLOPs to aim at in one run. */
  flops: number;
  /** Work tiles to run at least, so that every thread has enough of them. */
  tiles: number;
  /** Bytes that the slice's largest tensor may have. */
  tensorBytes: number;
}

/**
 * The smallest slice with the wanted FLOPs and work tiles. Whole heads where more than one is needed; within one KV
 * head, runs of blocks spread evenly and symmetrically over the sequence, so that under a causal mask their mean cost
 * is the whole's. Returns the whole workload where the slice would be no smaller.
 */
export function chooseSlice(w: Workload, blockRows: number, limits: SliceLimits): Slice {
  const whole = wholeSlice(w, blockRows);
  const blocks = blocksPerHead(w, blockRows);
  const group = groupSize(w);
  const headFlops = sliceFlops(w, { ...whole, batches: 1, kvHeads: 1 });
  const wantedHeads = Math.max(limits.flops / Math.max(1, headFlops), limits.tiles / (blocks * group));
  const fitting = (slice: Slice) => largestTensorBytes(sliceShape(w, slice)) <= limits.tensorBytes;
  if (wantedHeads > 1) {
    const heads = Math.min(Math.ceil(wantedHeads), w.batch * w.kvHeads);
    let slice: Slice = { ...whole, batches: Math.ceil(heads / w.kvHeads), kvHeads: Math.min(heads, w.kvHeads) };
    while (!fitting(slice) && slice.batches * slice.kvHeads > 1) {
      slice = slice.batches > 1 ? { ...slice, batches: slice.batches - 1 } : { ...slice, kvHeads: slice.kvHeads - 1 };
    }
    if (fitting(slice)) return slice;
  }
  const share = Math.min(1, wantedHeads);
  const fewerBlocks = (slice: Slice, count: number): Slice => {
    const fewer = { ...slice, runs: spreadRuns(blocks, Math.max(1, Math.floor(count / 2))) };
    return count <= 1 || fitting(fewer) ? fewer : fewerBlocks(fewer, Math.floor(count / 2));
  };
  let wanted = Math.max(1, Math.ceil(blocks * share));
  for (;;) {
    const slice: Slice = { batches: 1, kvHeads: 1, blockRows, runs: spreadRuns(blocks, wanted) };
    // Where most rows see nothing (many more queries than keys), evenly spread blocks may miss the work: take more.
    const light = sliceFlops(w, slice) < (headFlops * wanted) / blocks / 2;
    if (!light || wanted >= blocks) return fitting(slice) ? slice : fewerBlocks(slice, wanted);
    wanted = Math.min(blocks, wanted * 2);
  }
}

/**
 * A slice as parts whose tensors stay within a limit: ranges of whole batches, or ranges of the KV heads of one batch.
 * Every KV head is in exactly one part. Undefined where even one KV head does not fit.
 */
export function splitSlice(w: Workload, slice: Slice, tensorBytes: number): Slice[] | undefined {
  const bytesOf = (batches: number, kvHeads: number) =>
    largestTensorBytes(sliceShape(w, { ...slice, batches, kvHeads }));
  if (bytesOf(slice.batches, slice.kvHeads) <= tensorBytes) return [slice];
  const heads = Math.min(slice.kvHeads, Math.floor(tensorBytes / bytesOf(1, 1)));
  if (heads < 1) return undefined;
  const batches = heads < slice.kvHeads ? 1 : Math.max(1, Math.floor(tensorBytes / bytesOf(1, slice.kvHeads)));
  const parts: Slice[] = [];
  for (let batch = 0; batch < slice.batches; batch += batches) {
    for (let head = 0; head < slice.kvHeads; head += heads) {
      parts.push({
        ...slice,
        firstBatch: (slice.firstBatch ?? 0) + batch,
        firstKvHead: (slice.firstKvHead ?? 0) + head,
        batches: Math.min(batches, slice.batches - batch),
        kvHeads: Math.min(heads, slice.kvHeads - head),
      });
    }
  }
  return parts;
}

/** Bytes of the largest of q, k, v and o. */
export function largestTensorBytes(w: Workload): number {
  const rows = Math.max(w.seqQuery * w.queryHeads, w.seqKv * w.kvHeads);
  return elementBytes(w.dtype) * w.batch * Math.max(w.headDim, valueDim(w)) * rows;
}

/** About `wanted` of `blocks` blocks as up to eight equal runs whose positions mirror each other around the middle. */
function spreadRuns(blocks: number, wanted: number): { start: number; count: number }[] {
  if (wanted * 2 > blocks) return [{ start: 0, count: blocks }];
  const strata = Math.min(8, wanted);
  const count = Math.ceil(wanted / strata);
  const runs = Array.from({ length: strata }, (_, i) => {
    // Mirrored by construction: run i of the lower half decides where run strata-1-i begins.
    const lower = Math.min(i, strata - 1 - i);
    const centre = ((lower + 0.5) * blocks) / strata;
    const start = Math.max(0, Math.round(centre - count / 2));
    return { start: i < strata / 2 ? start : blocks - count - start, count };
  });
  return runs.sort((a, b) => a.start - b.start);
}
