/** The buffers, bindings and parameters of a slice on a GPU, and the work of its units. */

import type { WgslProgram } from '../../../kernels/kernel.ts';
import { PARAM_BYTES, PARAM_NAMES } from '../../../kernels/wgsl/abi.ts';
import { pairFlops, pairs } from '../../problem/flops.ts';
import { toHalf } from '../../problem/half.ts';
import { blockStarts, rowsPerHead, sliceFlops } from '../../problem/slice.ts';
import { groupSize, visibility, type Workload } from '../../problem/workload.ts';
import type { PrepareRequest } from '../contract.ts';
import { fillTensors, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { GPU_BUFFER, SHADER_STAGE_COMPUTE } from './timestamp-queries.ts';

/** First guess of a device's speed, FLOP/s: low, so that the first submission is short; corrected by each one timed. */
const FIRST_RATE = 2e8;
/** Most workgroups in one dimension of a dispatch. */
const MOST_WORKGROUPS = 65535;

/** A program prepared on a device. */
export interface PreparedPart {
  program: WgslProgram;
  layout: TensorLayout;
  workload: Workload;
  pipelines: GPUComputePipeline[];
  bindGroup: GPUBindGroup;
  params: GPUBuffer;
  paramWords: ArrayBuffer;
  output: GPUBuffer;
  buffers: GPUBuffer[];
  /** Work units: those of the layout, or one for all query heads of a group. */
  tiles: number;
  /** FLOPs of unit u at u % length: the blocks of one group, in unit order. */
  workTileFlops: number[];
  workTilesAtOnce: number;
  flops: number;
  /** FLOP/s seen so far. */
  rate: number;
  calibrated: boolean;
}

/** The bindings that kernels/wgsl/abi.ts declares. */
export function bindGroupLayout(device: GPUDevice, hasScratch: boolean): GPUBindGroupLayout {
  const types: GPUBufferBindingType[] = [
    'uniform',
    'read-only-storage',
    'read-only-storage',
    'read-only-storage',
    'storage',
    'read-only-storage',
  ];
  if (hasScratch) types.push('storage');
  return device.createBindGroupLayout({
    entries: types.map((type, binding) => ({ binding, visibility: SHADER_STAGE_COMPUTE, buffer: { type } })),
  });
}

/** Allocates and fills the buffers of a slice. */
export function allocate(
  device: GPUDevice,
  { workload: w, slice, data }: PrepareRequest,
  program: WgslProgram,
  pipelines: GPUComputePipeline[],
  tensorBytes: number,
): PreparedPart {
  const layout = layoutOf(w, slice);
  const q = new Float32Array(layout.qElements);
  const k = new Float32Array(layout.kvElements);
  const v = new Float32Array(layout.kvElements);
  fillTensors(data, w, slice, { q, k, v });
  const starts = new Uint32Array(blockStarts(slice));
  // Scratch for several units in flight, within 64 MiB and the device's limit.
  const scratchBytes = program.scratchBytesPerTile;
  const room = Math.floor(Math.min(64 * 2 ** 20, tensorBytes) / Math.max(1, scratchBytes));
  const headsPerTile = program.groupedRows === true ? groupSize(w) : 1;
  const tiles = layout.tiles / headsPerTile;
  const workTilesAtOnce = scratchBytes > 0 ? Math.max(1, Math.min(room, tiles, MOST_WORKGROUPS)) : MOST_WORKGROUPS;

  const buffers: GPUBuffer[] = [];
  const create = (size: number, usage: number) => {
    const buffer = device.createBuffer({ size: Math.max(16, Math.ceil(size / 4) * 4), usage });
    buffers.push(buffer);
    return buffer;
  };
  const upload = (values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>) => {
    const buffer = create(values.byteLength, GPU_BUFFER.STORAGE | GPU_BUFFER.COPY_DST | GPU_BUFFER.COPY_SRC);
    // In pieces: one large write stages the whole tensor a second time.
    const piece = 8 * 2 ** 20;
    for (let at = 0; at < values.length; at += piece) {
      device.queue.writeBuffer(buffer, at * values.BYTES_PER_ELEMENT, values, at, Math.min(piece, values.length - at));
    }
    return buffer;
  };
  const params = create(PARAM_BYTES, GPU_BUFFER.UNIFORM | GPU_BUFFER.COPY_DST);
  const stored = (values: Float32Array<ArrayBuffer>) => (w.dtype === 'f16' ? Uint16Array.from(values, toHalf) : values);
  const inputs = [q, k, v].map((tensor) => upload(stored(tensor)));
  const output = upload(stored(new Float32Array(layout.qElements).fill(Number.NaN)));
  const bound = [params, ...inputs, output, upload(starts)];
  if (scratchBytes > 0) bound.push(create(workTilesAtOnce * scratchBytes, GPU_BUFFER.STORAGE));
  const bindGroup = device.createBindGroup({
    layout: bindGroupLayout(device, scratchBytes > 0),
    entries: bound.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });

  return {
    program,
    layout,
    workload: w,
    pipelines,
    bindGroup,
    params,
    paramWords: paramBlock(w, layout, rowsPerHead(w, slice), starts.length),
    output,
    buffers,
    tiles,
    workTileFlops: workTileFlops(w, layout, starts.length, headsPerTile),
    workTilesAtOnce,
    flops: sliceFlops(w, slice),
    rate: FIRST_RATE,
    calibrated: false,
  };
}

function paramBlock(w: Workload, layout: TensorLayout, rows: number, blocks: number): ArrayBuffer {
  const { windowLow, windowHigh } = visibility(w);
  const values: Record<(typeof PARAM_NAMES)[number], number> = {
    seqKv: w.seqKv,
    seqQuery: w.seqQuery,
    rowsPerHead: rows,
    blocks,
    queryHeads: layout.shape.queryHeads,
    kvHeads: layout.shape.kvHeads,
    group: groupSize(w),
    tileBase: 0,
    windowLow,
    windowHigh,
    scale: w.scale * Math.LOG2E,
  };
  const buffer = new ArrayBuffer(PARAM_BYTES);
  const view = new DataView(buffer);
  PARAM_NAMES.forEach((name, index) => {
    if (name === 'scale') view.setFloat32(index * 4, values[name], true);
    else view.setInt32(index * 4, values[name], true);
  });
  return buffer;
}

/** FLOPs of the units of one KV head, in unit order; they repeat for every other KV head. */
function workTileFlops(w: Workload, layout: TensorLayout, blocks: number, headsPerTile: number): number[] {
  return Array.from({ length: (blocks * groupSize(w)) / headsPerTile }, (_, index) => {
    // The query heads of a group have the same rows.
    const { firstRow, rows } = layout.tile(index * headsPerTile);
    return headsPerTile * pairFlops(w.headDim, pairs(w, firstRow, rows));
  });
}
