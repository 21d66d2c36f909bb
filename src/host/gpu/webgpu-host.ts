/** Runs WGSL kernels on a GPUDevice: buffers for a slice, submissions short enough for any watchdog, timed by the GPU where it can be trusted. */

import type { SubgroupMatrix } from '../../../kernels/device.ts';
import type { WgslProgram } from '../../../kernels/kernel.ts';
import { PARAM_NAMES } from '../../../kernels/wgsl/abi.ts';
import { fromHalf } from '../../problem/half.ts';
import { type RowAddress, splitSlice } from '../../problem/slice.ts';
import { elementBytes } from '../../problem/workload.ts';
import type { ClockReport, Host, PrepareRequest } from '../contract.ts';
import { createPreparedTable } from '../prepared-table.ts';
import { wallClock } from '../wall-clock.ts';
import { allocate, bindGroupLayout, type PreparedPart } from './buffers.ts';
import { createTimestampQueries, GPU_BUFFER, MAP_READ, type TimestampQueries, testClock } from './timestamp-queries.ts';

/** A submission aims at this many seconds, half of what the gentlest watchdogs tolerate. */
const SUBMISSION_SECONDS = 0.05;
/** Submissions between two reads of their timestamps. */
const STAMP_PLACES = 256;

export interface WebgpuHostOptions {
  deviceName: string;
  software: boolean;
  /** Its subgroup matrices, where it has the experimental feature. */
  subgroupMatrix?: SubgroupMatrix | undefined;
  /** Skip the test of the clocks; samples are then wall time. */
  untimed: boolean;
  /** Memory that tensors may take in all, bytes. */
  memoryBytes: number;
  /** Limits below the device's own to keep to, by name. */
  limits: Record<string, number>;
  /** Called when the device is lost: nothing prepared on it can run again. */
  onLost: (reason: string) => void;
}

/** What a prepared slice is: parts within the device's limit on a tensor, run one after another. */
interface PreparedGpu {
  entries: PreparedPart[];
  /** Passes over all parts in one sample, so that it is long beside the clock's quantum or latency. */
  repeats: number;
  clock: 'gpu-timestamp' | 'wall';
}

/** A host on an open device. The device should have been asked for all the limits that its adapter offers. */
export async function createWebgpuHost(device: GPUDevice, options: WebgpuHostOptions): Promise<Host> {
  const clock = options.untimed ? wallClock() : await testClock(device);
  const timestampQueries = clock.clock === 'gpu-timestamp' ? createTimestampQueries(device, STAMP_PLACES) : undefined;
  const table = createPreparedTable<PreparedGpu>();
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
      result.push(await checked(device, () => compile(pass.code, program.scratchBytesPerTile > 0)));
    }
    return { pipelines: result, seconds: (performance.now() - begin) / 1000 };
  };

  // A device never has lower limits than the standard's defaults: a lower one that was asked for is kept here.
  const limit = (name: keyof typeof options.limits & keyof GPUSupportedLimits) =>
    Math.min(device.limits[name] as number, options.limits[name] ?? Number.POSITIVE_INFINITY);
  const limits = {
    maxBufferSize: limit('maxBufferSize'),
    maxStorageBufferBindingSize: limit('maxStorageBufferBindingSize'),
    maxComputeWorkgroupStorageSize: limit('maxComputeWorkgroupStorageSize'),
    maxComputeInvocationsPerWorkgroup: limit('maxComputeInvocationsPerWorkgroup'),
  };
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
        deviceLimits: limits,
        limits: {
          memoryBytes: options.memoryBytes,
          tensorBytes,
          workgroupMemoryBytes: limits.maxComputeWorkgroupStorageSize,
          workgroupInvocations: limits.maxComputeInvocationsPerWorkgroup,
        },
        features: {
          relaxedSimd: false,
          simd256: false,
          f16: device.features.has('shader-f16'),
          subgroups: device.features.has('subgroups'),
          software: options.software,
          ...(options.subgroupMatrix === undefined ? {} : { subgroupMatrix: options.subgroupMatrix }),
        },
      };
    },
    async compile(program) {
      return (await compileAll(requireWgsl(program))).seconds;
    },
    async prepare(request) {
      const program = requireWgsl(request.program);
      const compiled = await compileAll(program);
      const begin = performance.now();
      const parts = splitSlice(request.workload, request.slice, tensorBytes);
      if (parts === undefined) throw new Error(`one KV head of this workload is larger than ${tensorBytes} bytes`);
      const entries = await checked(device, async () =>
        parts.map((slice) => allocate(device, { ...request, slice }, program, compiled.pipelines, tensorBytes)),
      );
      return {
        id: table.add({
          entries,
          repeats: 1,
          clock: request.wallClock === true || timestampQueries === undefined ? 'wall' : 'gpu-timestamp',
        }),
        compileSeconds: compiled.seconds,
        prepareSeconds: (performance.now() - begin) / 1000,
      };
    },
    async run(id) {
      const prepared = table.get(id);
      const { repeats, entries, clock: own } = prepared;
      const seconds = await checked(device, async () => {
        let sum = 0;
        for (let i = 0; i < repeats; i += 1) {
          for (const entry of entries)
            sum += await runOnce(device, entry, own === 'wall' ? undefined : timestampQueries, clock);
        }
        return sum;
      });
      const shortest = own === 'wall' ? 50 * clock.emptySeconds : 100 * clock.quantumSeconds;
      prepared.repeats = Math.max(1, Math.min(1000, Math.ceil((shortest * repeats) / seconds)));
      const flops = entries.reduce((sum, entry) => sum + entry.flops, 0);
      return { seconds, flops: flops * repeats, clock: own };
    },
    async read(id, rows) {
      return checked(device, () => readRows(device, table.get(id).entries, rows));
    },
    async dispose(id) {
      for (const { buffers } of table.take(id).entries) for (const buffer of buffers) buffer.destroy();
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

/**
 * Runs all units once and returns seconds. A submission covers as many units as the rate seen so far fits into
 * SUBMISSION_SECONDS; until the first full run has been timed each submission is waited for, to learn that rate.
 */
async function runOnce(
  device: GPUDevice,
  entry: PreparedPart,
  timestampQueries: TimestampQueries | undefined,
  clock: ClockReport,
): Promise<number> {
  let gpuSeconds = 0;
  let pending = 0;
  const collect = async () => {
    if (timestampQueries === undefined || pending === 0) return;
    for (const duration of await timestampQueries.read(pending)) {
      if (!(duration > 0)) throw new Error(`a GPU timestamp pair reads ${duration} s`);
      gpuSeconds += duration;
    }
    pending = 0;
  };

  const begin = performance.now();
  for (let tile = 0; tile < entry.tiles; ) {
    const { count, flops } = submissionSize(entry, tile);
    const submitted = performance.now();
    submit(device, entry, tile, count, timestampQueries, pending);
    pending += 1;
    tile += count;
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
  return timestampQueries === undefined ? wallSeconds : gpuSeconds;
}

function submissionSize(entry: PreparedPart, from: number): { count: number; flops: number } {
  const most = Math.min(entry.workTilesAtOnce, entry.tiles - from);
  const target = entry.rate * SUBMISSION_SECONDS;
  let count = 0;
  let flops = 0;
  while (count < most && (count === 0 || flops < target)) {
    flops += entry.workTileFlops[(from + count) % entry.workTileFlops.length] ?? 0;
    count += 1;
  }
  return { count, flops };
}

function submit(
  device: GPUDevice,
  entry: PreparedPart,
  tile: number,
  count: number,
  timestampQueries: TimestampQueries | undefined,
  place: number,
): void {
  new DataView(entry.paramWords).setUint32(PARAM_NAMES.indexOf('tileBase') * 4, tile, true);
  device.queue.writeBuffer(entry.params, 0, entry.paramWords);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass(
    timestampQueries === undefined ? {} : { timestampWrites: timestampQueries.writes },
  );
  pass.setBindGroup(0, entry.bindGroup);
  entry.program.passes.forEach(({ workgroupsPerTile }, index) => {
    pass.setPipeline(entry.pipelines[index] as GPUComputePipeline);
    pass.dispatchWorkgroups(workgroupsPerTile, count);
  });
  pass.end();
  timestampQueries?.resolve(encoder, place);
  device.queue.submit([encoder.finish()]);
}

/** Rows of the last run, each from the part that holds its head. */
async function readRows(
  device: GPUDevice,
  entries: readonly PreparedPart[],
  rows: RowAddress[],
): Promise<Float32Array[]> {
  const { headDim, dtype } = (entries[0] as PreparedPart).workload;
  const bytes = elementBytes(dtype);
  const rowBytes = headDim * bytes;
  const staging = device.createBuffer({
    size: rows.length * rowBytes,
    usage: GPU_BUFFER.MAP_READ | GPU_BUFFER.COPY_DST,
  });
  try {
    const encoder = device.createCommandEncoder();
    rows.forEach((address, index) => {
      // Without a holder the first part says what is wrong.
      const entry = entries.find(({ layout }) => layout.holds(address)) ?? (entries[0] as PreparedPart);
      encoder.copyBufferToBuffer(
        entry.output,
        entry.layout.locate(address) * bytes,
        staging,
        index * rowBytes,
        rowBytes,
      );
    });
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_READ);
    const content = staging.getMappedRange().slice(0);
    const values = dtype === 'f16' ? Float32Array.from(new Uint16Array(content), fromHalf) : new Float32Array(content);
    return rows.map((_, index) => values.slice(index * headDim, (index + 1) * headDim));
  } finally {
    staging.destroy();
  }
}
