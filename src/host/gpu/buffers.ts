/** The buffers, bindings and parameters of a slice on a GPU, and the FLOPs of its work tiles. */

import type { WgslProgram } from '../../../kernels/kernel.ts';
import { PARAM_BYTES, PARAM_NAMES } from '../../../kernels/wgsl/abi.ts';
import { copiesOfKeys } from '../../problem/cold-keys.ts';
import { pairFlops, pairs } from '../../problem/flops.ts';
import { toHalf } from '../../problem/half.ts';
import { blockStarts, rowsPerHead, type Slice, sliceFlops } from '../../problem/slice.ts';
import { elementBytes, groupSize, visibility, type Workload } from '../../problem/workload.ts';
import type { PrepareRequest } from '../contract.ts';
import { createInputs, layoutOf, sinkValues, type TensorLayout } from '../tensor-layout.ts';
import { checked } from './error-scopes.ts';
import { bindGroupLayout } from './pipelines.ts';
import type { TileQueue } from './submissions.ts';
import { BUFFER_USAGE } from './usage-flags.ts';

/** First guess of a device's speed, FLOP/s: low, so that the first submission is short; corrected by each one timed. */
const FIRST_RATE = 2e8;
/** Most workgroups in one dimension of a dispatch. */
const MOST_WORKGROUPS = 65535;

/** A program with the tensors of a slice, or of a part of it that fits the device. */
export interface PreparedPart extends TileQueue {
  program: WgslProgram;
  layout: TensorLayout;
  workload: Workload;
  pipelines: GPUComputePipeline[];
  /** One for each copy of k and v; passes take them in turn. */
  bindGroups: GPUBindGroup[];
  /** Passes that were submitted. */
  passes: number;
  params: GPUBuffer;
  paramWords: ArrayBuffer;
  output: GPUBuffer;
  buffers: GPUBuffer[];
  /** FLOPs of one pass over all work tiles. */
  flops: number;
  /** True once a whole pass has been timed. */
  calibrated: boolean;
}

/**
 * Allocates and fills the buffers of slices, none of them larger than `tensorBytes`. Throws what the device says where one cannot be
 * had; those that it gave until then are given back, since a slice that failed is often followed by a smaller one.
 */
export async function allocateParts(
  device: GPUDevice,
  request: PrepareRequest,
  slices: Slice[],
  program: WgslProgram,
  pipelines: GPUComputePipeline[],
  tensorBytes: number,
): Promise<PreparedPart[]> {
  const allocated: GPUBuffer[] = [];
  const create = (descriptor: GPUBufferDescriptor) => {
    const buffer = device.createBuffer(descriptor);
    allocated.push(buffer);
    return buffer;
  };
  try {
    return await checked(device, () =>
      slices.map((slice) => allocate(device, create, { ...request, slice }, program, pipelines, tensorBytes)),
    );
  } catch (error) {
    for (const buffer of allocated) buffer.destroy();
    throw error;
  }
}

/** Allocates and fills the buffers of one slice by `createBuffer`. */
function allocate(
  device: GPUDevice,
  createBuffer: (descriptor: GPUBufferDescriptor) => GPUBuffer,
  { workload: w, slice, data, coldKeys }: PrepareRequest,
  program: WgslProgram,
  pipelines: GPUComputePipeline[],
  tensorBytes: number,
): PreparedPart {
  const layout = layoutOf(w, slice);
  const { q, k, v } = createInputs(data, w, slice, layout);
  const starts = new Uint32Array(blockStarts(slice));
  // Scratch for several work tiles in flight, within 64 MiB and the device's limit.
  const scratchBytes = program.scratchBytesPerTile;
  const room = Math.floor(Math.min(64 * 2 ** 20, tensorBytes) / Math.max(1, scratchBytes));
  const headsPerTile = program.groupedRows === true ? groupSize(w) / (program.groupParts ?? 1) : 1;
  const tiles = layout.tiles / headsPerTile;
  const workTilesAtOnce = scratchBytes > 0 ? Math.max(1, Math.min(room, tiles, MOST_WORKGROUPS)) : MOST_WORKGROUPS;

  const buffers: GPUBuffer[] = [];
  const create = (size: number, usage: number) => {
    const buffer = createBuffer({ size: Math.max(16, Math.ceil(size / 4) * 4), usage });
    buffers.push(buffer);
    return buffer;
  };
  const usage = BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_DST | BUFFER_USAGE.COPY_SRC;
  const upload = (values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint16Array<ArrayBuffer>) => {
    const buffer = create(values.byteLength, usage);
    // In pieces: one large write stages the whole tensor a second time.
    const piece = 8 * 2 ** 20;
    for (let at = 0; at < values.length; at += piece) {
      device.queue.writeBuffer(buffer, at * values.BYTES_PER_ELEMENT, values, at, Math.min(piece, values.length - at));
    }
    return buffer;
  };
  const params = create(PARAM_BYTES, BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST);
  const stored = (values: Float32Array<ArrayBuffer>) => (w.dtype === 'f16' ? toHalves(values) : values);
  const inputs = [q, k, v].map((tensor) => upload(stored(tensor)));
  const output = create(layout.oElements * elementBytes(w.dtype), usage);
  const bound = [params, ...inputs, output, upload(starts)].map((buffer, binding) => ({ binding, buffer }));
  if (scratchBytes > 0) {
    bound.push({ binding: 6, buffer: create(workTilesAtOnce * scratchBytes, BUFFER_USAGE.STORAGE) });
  }
  if (program.sinks === true) {
    const logits = sinkValues(w, slice, data).map((logit) => logit * Math.LOG2E);
    bound.push({ binding: 7, buffer: upload(logits) });
  }
  const copies = coldKeys === true ? copiesOfKeys(layout.shape) : 1;
  const copyOf = (buffer: GPUBuffer) => {
    const copy = create(buffer.size, BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_DST);
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, copy, 0, buffer.size);
    device.queue.submit([encoder.finish()]);
    return copy;
  };
  const bindGroups = Array.from({ length: copies }, (_, copy) =>
    device.createBindGroup({
      layout: bindGroupLayout(device, program),
      entries: bound.map(({ binding, buffer }) => ({
        binding,
        // Bindings 2 and 3 are k and v.
        resource: { buffer: copy > 0 && (binding === 2 || binding === 3) ? copyOf(buffer) : buffer },
      })),
    }),
  );

  return {
    program,
    layout,
    workload: w,
    pipelines,
    bindGroups,
    passes: 0,
    params,
    paramWords: paramBlock(w, layout, rowsPerHead(w, slice), starts.length),
    output,
    buffers,
    tiles,
    workTileFlops: workTileFlops(w, layout, starts.length, headsPerTile),
    workTilesAtOnce,
    wave: program.wave ?? 1,
    flops: sliceFlops(w, slice),
    rate: FIRST_RATE,
    calibrated: false,
  };
}

/** Halves, one more where their number is odd: what is written to a buffer has a multiple of 4 bytes. */
function toHalves(values: Float32Array): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length + (values.length % 2));
  values.forEach((value, index) => {
    halves[index] = toHalf(value);
  });
  return halves;
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

/** FLOPs of the work tiles of one KV head, in their order; they repeat for every other KV head. */
function workTileFlops(w: Workload, layout: TensorLayout, blocks: number, headsPerTile: number): number[] {
  return Array.from({ length: (blocks * groupSize(w)) / headsPerTile }, (_, index) => {
    // The query heads of a group have the same rows.
    const { firstRow, rows } = layout.tile(index * headsPerTile);
    return headsPerTile * pairFlops(w, pairs(w, firstRow, rows));
  });
}
