/** How a slice lies in memory: [batch, seq, heads, dims] tensors of what it covers, and its work tiles in order. */

import { type Data, fillRow, sinkValue } from '../problem/data.ts';
import { blockStarts, type RowAddress, rowsPerHead, type Slice, sliceShape, workTileCount } from '../problem/slice.ts';
import { groupSize, valueDim, type Workload } from '../problem/workload.ts';

/** One work tile: consecutive rows of one query head, by position in the sequence and by offset in the tensors. */
export interface WorkTile {
  /** Element offsets of the tile's first row in q and in o. */
  qOffset: number;
  oOffset: number;
  /** Element offsets of the KV head's first row in k and in v. */
  kOffset: number;
  vOffset: number;
  /** Number of the KV head among those of the slice, for packed copies. */
  kvIndex: number;
  /** Its batch and query head in the whole workload. */
  batch: number;
  queryHead: number;
  /** Position of its first row in the whole sequence of queries. */
  firstRow: number;
  rows: number;
}

/** Shapes, strides and work tiles of a slice's tensors. Sizes, strides and offsets are in elements. */
export interface TensorLayout {
  /** The workload of the tensors that are allocated. */
  shape: Workload;
  /** Elements of each tensor; those of v and o have valueDim dims. */
  qElements: number;
  kElements: number;
  vElements: number;
  oElements: number;
  /** Elements between a row and the next row of the same head. */
  qStride: number;
  kStride: number;
  vStride: number;
  oStride: number;
  /** KV heads of all batches. */
  kvHeads: number;
  /** The first batch and query head of the whole workload that it holds. */
  firstBatch: number;
  firstQueryHead: number;
  /** Number of work tiles. */
  tiles: number;
  tile(index: number): WorkTile;
  /** True where the slice holds the head of a row of the whole workload. */
  holds(address: RowAddress): boolean;
  /** Element offset in o of a row of the whole workload. Throws RangeError where the slice does not hold it. */
  locate(address: RowAddress): number;
}

/**
 * The layout of a slice. Work tiles come KV head by KV head, in each the last rows first (under a causal mask the
 * heaviest), and the query heads of a group side by side, so that they share the keys in the cache.
 */
export function layoutOf(w: Workload, slice: Slice): TensorLayout {
  const shape = sliceShape(w, slice);
  const rows = rowsPerHead(w, slice);
  const starts = blockStarts(slice);
  const group = groupSize(w);
  const ownDim = valueDim(w);
  const qStride = shape.queryHeads * w.headDim;
  const oStride = shape.queryHeads * ownDim;
  const kStride = shape.kvHeads * w.headDim;
  const vStride = shape.kvHeads * ownDim;
  const { firstBatch = 0, firstKvHead = 0 } = slice;
  const within = ({ batch, queryHead }: RowAddress) => ({
    ownBatch: batch - firstBatch,
    ownHead: queryHead - firstKvHead * group,
  });
  const holds = (address: RowAddress) => {
    const { ownBatch, ownHead } = within(address);
    return ownBatch >= 0 && ownBatch < shape.batch && ownHead >= 0 && ownHead < shape.queryHeads;
  };

  return {
    shape,
    qElements: shape.batch * rows * qStride,
    kElements: shape.batch * w.seqKv * kStride,
    vElements: shape.batch * w.seqKv * vStride,
    oElements: shape.batch * rows * oStride,
    ...{ qStride, kStride, vStride, oStride },
    kvHeads: shape.batch * shape.kvHeads,
    firstBatch,
    firstQueryHead: firstKvHead * group,
    tiles: workTileCount(w, slice),
    tile(index) {
      const member = index % group;
      const block = starts.length - 1 - (Math.floor(index / group) % starts.length);
      const kvIndex = Math.floor(index / (group * starts.length));
      const batch = Math.floor(kvIndex / shape.kvHeads);
      const kvHead = kvIndex % shape.kvHeads;
      const firstRow = starts[block] as number;
      return {
        qOffset: (batch * rows + block * slice.blockRows) * qStride + (kvHead * group + member) * w.headDim,
        oOffset: (batch * rows + block * slice.blockRows) * oStride + (kvHead * group + member) * ownDim,
        kOffset: batch * w.seqKv * kStride + kvHead * w.headDim,
        vOffset: batch * w.seqKv * vStride + kvHead * ownDim,
        kvIndex,
        batch: firstBatch + batch,
        queryHead: (firstKvHead + kvHead) * group + member,
        firstRow,
        rows: Math.min(slice.blockRows, w.seqQuery - firstRow),
      };
    },
    holds,
    locate(address) {
      const { batch, queryHead, row } = address;
      const block = starts.indexOf(row - (row % slice.blockRows));
      if (block < 0 || !holds(address) || row >= w.seqQuery) {
        throw new RangeError(`row ${row} of head ${queryHead}, batch ${batch} is not in the slice`);
      }
      const { ownBatch, ownHead } = within(address);
      return (ownBatch * rows + block * slice.blockRows + (row % slice.blockRows)) * oStride + ownHead * ownDim;
    },
  };
}

/** q, k and v of a slice in memory of their own, [batch, seq, heads, dims] each, filled. */
export function createInputs(data: Data, w: Workload, slice: Slice, layout: TensorLayout) {
  const q = new Float32Array(layout.qElements);
  const k = new Float32Array(layout.kElements);
  const v = new Float32Array(layout.vElements);
  fillTensors(data, w, slice, { q, k, v });
  return { q, k, v };
}

/** The same, and o. */
export function createTensors(data: Data, w: Workload, slice: Slice, layout: TensorLayout) {
  return { ...createInputs(data, w, slice, layout), o: new Float32Array(layout.oElements) };
}

/**
 * Copies of output rows, valueDim values each, in memory that can be sent anywhere. Throws RangeError for a row that is
 * not in the slice.
 */
export function copyRows(output: Float32Array, layout: TensorLayout, rows: readonly RowAddress[]): Float32Array[] {
  return rows.map((address) => {
    const offset = layout.locate(address);
    return new Float32Array(output.subarray(offset, offset + valueDim(layout.shape)));
  });
}

/** Writes the slice's q, k and v. Arrays are of layout.qElements, kElements and vElements. */
export function fillTensors(
  data: Data,
  w: Workload,
  slice: Slice,
  tensors: { q: Float32Array; k: Float32Array; v: Float32Array },
): void {
  if (data.kind === 'none') return;
  const { shape } = layoutOf(w, slice);
  const { firstBatch = 0, firstKvHead = 0 } = slice;
  const firstHead = firstKvHead * groupSize(w);
  let offset = 0;
  for (let batch = 0; batch < shape.batch; batch += 1) {
    for (const start of blockStarts(slice)) {
      const end = Math.min(w.seqQuery, start + slice.blockRows);
      for (let row = start; row < end; row += 1) {
        for (let head = 0; head < shape.queryHeads; head += 1) {
          fillRow(data, w, 'q', firstBatch + batch, firstHead + head, row, tensors.q, offset);
          offset += w.headDim;
        }
      }
    }
  }
  offset = 0;
  let offsetV = 0;
  for (let batch = 0; batch < shape.batch; batch += 1) {
    for (let token = 0; token < w.seqKv; token += 1) {
      for (let head = 0; head < shape.kvHeads; head += 1) {
        fillRow(data, w, 'k', firstBatch + batch, firstKvHead + head, token, tensors.k, offset);
        fillRow(data, w, 'v', firstBatch + batch, firstKvHead + head, token, tensors.v, offsetV);
        offset += w.headDim;
        offsetV += valueDim(w);
      }
    }
  }
}

/** The logits of the sinks of the slice's query heads. */
export function sinkValues(w: Workload, slice: Slice, data: Data): Float32Array<ArrayBuffer> {
  const first = (slice.firstKvHead ?? 0) * groupSize(w);
  return Float32Array.from({ length: sliceShape(w, slice).queryHeads }, (_, head) => sinkValue(data, first + head));
}
