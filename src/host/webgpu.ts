/** Runs WGSL kernels on a GPUDevice: buffers for a slice, submissions short enough for any watchdog, timed by the GPU where it can be trusted. */

import type { WgslProgram } from '../../kernels/kernel.ts';
import { PARAM_BYTES, PARAM_NAMES } from '../../kernels/wgsl/abi.ts';
import { blockStarts, type RowAddress, rowsPerHead, sliceFlops } from '../slice.ts';
import { groupSize, pairs, visibility, type Workload } from '../workload.ts';
import { wallClock } from './clock.ts';
import { createStamps, GPU_BUFFER, MAP_READ, SHADER_STAGE_COMPUTE, type Stamps, testClock } from './gpu-clock.ts';
import type { ClockReport, Host, PrepareRequest } from './host.ts';
import { fillTensors, type Layout, layoutOf } from './layout.ts';
import { createTable } from './table.ts';

/** A submission aims at this many seconds, half of what the gentlest watchdogs tolerate. */
const SUBMISSION_SECONDS = 0.05;
/** First guess of a device's speed, FLOP/s: low, so that the first submission is short; corrected by each one timed. */
const FIRST_RATE = 2e8;
/** Submissions between two reads of their timestamps. */
const STAMP_PLACES = 256;
/** Most workgroups in one dimension of a dispatch. */
const MOST_WORKGROUPS = 65535;

export interface WebgpuHostOptions {
  deviceName: string;
  software: boolean;
  /** Skip the test of the clocks; samples are then wall time. */
  untimed: boolean;
  /** Memory that tensors may take in all, bytes. */
  memoryBytes: number;
  /** Called when the device is lost: nothing prepared on it can run again. */
  onLost: (reason: string) => void;
}

interface Entry {
  program: WgslProgram;
  layout: Layout;
  workload: Workload;
  pipelines: GPUComputePipeline[];
  bindGroup: GPUBindGroup;
  params: GPUBuffer;
  paramWords: ArrayBuffer;
  output: GPUBuffer;
  buffers: GPUBuffer[];
  /** FLOPs of unit u at u % length: the blocks of one group, in unit order. */
  unitFlops: number[];
  unitsAtOnce: number;
  flops: number;
  /** FLOP/s seen so far. */
  rate: number;
  /** Passes of the slice in one sample, so that it is long beside the clock's quantum or latency. */
  repeats: number;
  calibrated: boolean;
}

/** A host on an open device. The device should have been asked for all the limits that its adapter offers. */
export async function createWebgpuHost(device: GPUDevice, options: WebgpuHostOptions): Promise<Host> {
  const clock = options.untimed ? wallClock() : await testClock(device);
  const stamps = clock.clock === 'gpu-timestamp' ? createStamps(device, STAMP_PLACES) : undefined;
  const table = createTable<Entry>();
  const pipelines = new Map<string, GPUComputePipeline>();
  void device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') options.onLost(message || reason);
  });

  const compile = async (code: string, hasScratch: boolean) => {
    const known = pipelines.get(code);
    if (known !== undefined) return known;
    const module = device.createShaderModule({ code });
    const layout = device.createPipelineLayout({ bindGroupLayouts: [bindGroupLayout(device, hasScratch)] });
    const pipeline = await device.createComputePipelineAsync({ layout, compute: { module, entryPoint: 'main' } });
    pipelines.set(code, pipeline);
    return pipeline;
  };
  const compileAll = async (program: WgslProgram) => {
    const begin = performance.now();
    const result: GPUComputePipeline[] = [];
    for (const pass of program.passes) {
      result.push(await checked(device, () => compile(pass.code, program.scratchBytesPerUnit > 0)));
    }
    return { pipelines: result, seconds: (performance.now() - begin) / 1000 };
  };

  const limits = device.limits;
  const tensorBytes = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  return {
    async environment() {
      return {
        device: {
          name: options.deviceName,
          backend: 'webgpu',
          software: options.software,
          features: [...device.features].sort(),
          threads: null,
          variant: null,
          variantReason: null,
          clock,
        },
        deviceLimits: {
          maxBufferSize: limits.maxBufferSize,
          maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
          maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
          maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
        },
        limits: {
          memoryBytes: options.memoryBytes,
          tensorBytes,
          workgroupMemoryBytes: limits.maxComputeWorkgroupStorageSize,
          workgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
        },
        features: { relaxedSimd: false, simd256: false },
      };
    },
    async compile(program) {
      return (await compileAll(requireWgsl(program))).seconds;
    },
    async prepare(request) {
      const program = requireWgsl(request.program);
      const compiled = await compileAll(program);
      const begin = performance.now();
      const entry = await checked(device, async () =>
        layOut(device, request, program, compiled.pipelines, tensorBytes),
      );
      return {
        id: table.add(entry),
        compileSeconds: compiled.seconds,
        prepareSeconds: (performance.now() - begin) / 1000,
      };
    },
    async run(id) {
      const entry = table.get(id);
      const { repeats } = entry;
      const seconds = await checked(device, async () => {
        let sum = 0;
        for (let i = 0; i < repeats; i += 1) sum += await runOnce(device, entry, stamps, clock);
        return sum;
      });
      const shortest = clock.clock === 'wall' ? 50 * clock.emptySeconds : 100 * clock.quantumSeconds;
      entry.repeats = Math.max(1, Math.min(1000, Math.ceil((shortest * repeats) / seconds)));
      return { seconds, flops: entry.flops * repeats, clock: clock.clock };
    },
    async read(id, rows) {
      return checked(device, () => readRows(device, table.get(id), rows));
    },
    async dispose(id) {
      for (const buffer of table.take(id).buffers) buffer.destroy();
    },
    async close() {
      device.destroy();
    },
  };
}

function requireWgsl(program: PrepareRequest['program']): WgslProgram {
  if (program.kind !== 'wgsl') throw new TypeError(`a WebGPU host cannot run a ${program.kind} program`);
  return program;
}

function bindGroupLayout(device: GPUDevice, hasScratch: boolean): GPUBindGroupLayout {
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

/** Runs `action` and turns any validation, memory or internal error that the device noted meanwhile into a thrown one. */
async function checked<T>(device: GPUDevice, action: () => T | Promise<T>): Promise<T> {
  const filters: GPUErrorFilter[] = ['validation', 'out-of-memory', 'internal'];
  for (const filter of filters) device.pushErrorScope(filter);
  // The scopes are popped whatever happens; an error of the device says more than the exception that it led to.
  const outcome = await Promise.resolve()
    .then(action)
    .then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
  const errors = await Promise.all(filters.map(() => device.popErrorScope()));
  const noted = errors.find((item) => item !== null);
  if (noted) throw new Error(noted.message);
  if ('error' in outcome) throw outcome.error;
  return outcome.value;
}

/** Allocates and fills the buffers of a slice. */
function layOut(
  device: GPUDevice,
  { workload: w, slice, data }: PrepareRequest,
  program: WgslProgram,
  pipelines: GPUComputePipeline[],
  tensorBytes: number,
): Entry {
  const layout = layoutOf(w, slice);
  const q = new Float32Array(layout.qElements);
  const k = new Float32Array(layout.kvElements);
  const v = new Float32Array(layout.kvElements);
  fillTensors(data, w, slice, { q, k, v });
  const starts = new Uint32Array(blockStarts(slice));
  // Scratch for several units in flight, within 64 MiB and the device's limit.
  const scratchBytes = program.scratchBytesPerUnit;
  const room = Math.floor(Math.min(64 * 2 ** 20, tensorBytes) / Math.max(1, scratchBytes));
  const unitsAtOnce = scratchBytes > 0 ? Math.max(1, Math.min(room, layout.units)) : MOST_WORKGROUPS;

  const buffers: GPUBuffer[] = [];
  const create = (size: number, usage: number) => {
    const buffer = device.createBuffer({ size: Math.max(16, Math.ceil(size / 4) * 4), usage });
    buffers.push(buffer);
    return buffer;
  };
  const upload = (values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>) => {
    const buffer = create(values.byteLength, GPU_BUFFER.STORAGE | GPU_BUFFER.COPY_DST | GPU_BUFFER.COPY_SRC);
    // In pieces: one large write stages the whole tensor a second time.
    const piece = 8 * 2 ** 20;
    for (let at = 0; at < values.length; at += piece) {
      device.queue.writeBuffer(buffer, at * 4, values, at, Math.min(piece, values.length - at));
    }
    return buffer;
  };
  const params = create(PARAM_BYTES, GPU_BUFFER.UNIFORM | GPU_BUFFER.COPY_DST);
  const inputs = [q, k, v].map(upload);
  const output = upload(new Float32Array(layout.qElements).fill(Number.NaN));
  const bound = [params, ...inputs, output, upload(starts)];
  if (scratchBytes > 0) bound.push(create(unitsAtOnce * scratchBytes, GPU_BUFFER.STORAGE));
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
    unitFlops: unitFlops(w, layout, starts.length),
    unitsAtOnce,
    flops: sliceFlops(w, slice),
    rate: FIRST_RATE,
    repeats: 1,
    calibrated: false,
  };
}

function paramBlock(w: Workload, layout: Layout, rows: number, blocks: number): ArrayBuffer {
  const { lowOffset, highOffset } = visibility(w);
  const values: Record<(typeof PARAM_NAMES)[number], number> = {
    seqKv: w.seqKv,
    seqQuery: w.seqQuery,
    rowsPerHead: rows,
    blocks,
    queryHeads: layout.shape.queryHeads,
    kvHeads: layout.shape.kvHeads,
    group: groupSize(w),
    unitBase: 0,
    lowOffset,
    highOffset,
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
function unitFlops(w: Workload, layout: Layout, blocks: number): number[] {
  return Array.from({ length: blocks * groupSize(w) }, (_, index) => {
    const { firstRow, rows } = layout.unit(index);
    return 4 * w.headDim * pairs(w, firstRow, rows);
  });
}

/**
 * Runs all units once and returns seconds. A submission covers as many units as the rate seen so far fits into
 * SUBMISSION_SECONDS; until the first full run has been timed each submission is waited for, to learn that rate.
 */
async function runOnce(
  device: GPUDevice,
  entry: Entry,
  stamps: Stamps | undefined,
  clock: ClockReport,
): Promise<number> {
  const { layout } = entry;
  let gpuSeconds = 0;
  let pending = 0;
  const collect = async () => {
    if (stamps === undefined || pending === 0) return;
    for (const duration of await stamps.read(pending)) {
      if (!(duration > 0)) throw new Error(`a GPU timestamp pair reads ${duration} s`);
      gpuSeconds += duration;
    }
    pending = 0;
  };

  const begin = performance.now();
  for (let unit = 0; unit < layout.units; ) {
    const { count, flops } = submissionSize(entry, unit);
    const submitted = performance.now();
    submit(device, entry, unit, count, stamps, pending);
    pending += 1;
    unit += count;
    if (!entry.calibrated) {
      await device.queue.onSubmittedWorkDone();
      const seconds = Math.max(1e-6, (performance.now() - submitted) / 1000 - clock.emptySeconds);
      // At most eight times faster at once: a first tiny submission says little.
      entry.rate = Math.min(flops / seconds, entry.rate * 8);
    }
    if (pending === STAMP_PLACES) await collect();
  }
  await device.queue.onSubmittedWorkDone();
  const wallSeconds = (performance.now() - begin) / 1000;
  entry.calibrated = true;
  await collect();
  return stamps === undefined ? wallSeconds : gpuSeconds;
}

function submissionSize(entry: Entry, from: number): { count: number; flops: number } {
  const most = Math.min(entry.unitsAtOnce, entry.layout.units - from);
  const target = entry.rate * SUBMISSION_SECONDS;
  let count = 0;
  let flops = 0;
  while (count < most && (count === 0 || flops < target)) {
    flops += entry.unitFlops[(from + count) % entry.unitFlops.length] ?? 0;
    count += 1;
  }
  return { count, flops };
}

function submit(
  device: GPUDevice,
  entry: Entry,
  unit: number,
  count: number,
  stamps: Stamps | undefined,
  place: number,
): void {
  new DataView(entry.paramWords).setUint32(PARAM_NAMES.indexOf('unitBase') * 4, unit, true);
  device.queue.writeBuffer(entry.params, 0, entry.paramWords);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass(stamps === undefined ? {} : { timestampWrites: stamps.writes });
  pass.setBindGroup(0, entry.bindGroup);
  entry.program.passes.forEach(({ workgroupsPerUnit }, index) => {
    pass.setPipeline(entry.pipelines[index] as GPUComputePipeline);
    pass.dispatchWorkgroups(workgroupsPerUnit, count);
  });
  pass.end();
  stamps?.resolve(encoder, place);
  device.queue.submit([encoder.finish()]);
}

async function readRows(device: GPUDevice, entry: Entry, rows: RowAddress[]): Promise<Float32Array[]> {
  const rowBytes = entry.workload.headDim * 4;
  const staging = device.createBuffer({
    size: rows.length * rowBytes,
    usage: GPU_BUFFER.MAP_READ | GPU_BUFFER.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder();
    rows.forEach((address, index) => {
      encoder.copyBufferToBuffer(entry.output, entry.layout.locate(address) * 4, staging, index * rowBytes, rowBytes);
    });
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_READ);
    const values = new Float32Array(staging.getMappedRange().slice(0));
    return rows.map((_, index) => values.slice(index * entry.workload.headDim, (index + 1) * entry.workload.headDim));
  } finally {
    staging.destroy();
  }
}
