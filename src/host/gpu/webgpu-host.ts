/**
 * A host for WGSL programs on a GPUDevice: pipelines, buffers for a slice in parts that fit the device, and timed runs.
 */

import type { WgslProgram } from '../../../kernels/kernel.ts';
import { headTooLarge } from '../../messages.ts';
import { sliceShape, splitSlice } from '../../problem/slice.ts';
import type { Host, PrepareRequest } from '../contract.ts';
import { createPreparedTable } from '../prepared-table.ts';
import type { SummedShape } from '../row-sums.ts';
import { wallClock } from '../wall-clock.ts';
import type { AdapterInfo } from './adapter-description.ts';
import { allocateParts, type PreparedPart } from './buffers.ts';
import { testClocks } from './clock-test.ts';
import { checked } from './error-scopes.ts';
import { createPipelines } from './pipelines.ts';
import { createGpuPoison } from './poison.ts';
import { readRows } from './read-rows.ts';
import { readSums } from './read-sums.ts';
import { linearSubgroups } from './subgroup-layout.ts';
import type { MatricesFound } from './subgroup-matrix.ts';
import { TIMED_SUBMISSIONS, timedRun } from './timed-run.ts';
import { createTimestampQueries } from './timestamp-queries.ts';

/** What a WebGPU host is told about its device. */
export interface WebgpuHostOptions {
  deviceName: string;
  /** Its vendor as WebGPU names it, where the adapter says so. */
  vendor: string | undefined;
  /** What its adapter says of itself. */
  info: AdapterInfo;
  /** True where a CPU emulates it. */
  software: boolean;
  /** Its subgroup matrices, where it has the experimental feature. */
  matrices?: MatricesFound | undefined;
  /** Skip the test of the clocks; samples are then wall time. */
  untimed: boolean;
  /** Memory that tensors may take in all, bytes. */
  memoryBytes: number;
  /** Limits below the device's own to keep to, by name. */
  limits: Record<string, number>;
  /** Seconds that a submission aims at. */
  submissionSeconds: number;
  /** Called when the device is lost: nothing prepared on it can run again. */
  onLost: (reason: string) => void;
}

/** A prepared slice: parts within the device's limit on a tensor, run one after another. */
interface PreparedGpu {
  parts: PreparedPart[];
  /** The rows of all parts. */
  shape: SummedShape;
  /** False for a ceiling, which writes no rows. */
  writes: boolean;
  /**
   * Passes over all parts in one sample, so that it is long beside the clock's resolution or a submission's overhead.
   */
  repeats: number;
  clock: 'gpu-timestamp' | 'wall';
}

/** A host on an open device. The device should have been asked for all the limits that its adapter offers. */
export async function createWebgpuHost(device: GPUDevice, options: WebgpuHostOptions): Promise<Host> {
  const clock = options.untimed ? wallClock() : await testClocks(device);
  const queries = clock.clock === 'gpu-timestamp' ? createTimestampQueries(device, TIMED_SUBMISSIONS) : undefined;
  const table = createPreparedTable<PreparedGpu>();
  const pipelines = createPipelines(device);
  const poison = createGpuPoison(device);
  const { matrices } = options;
  const linear = await linearSubgroups(device, options.info);
  const limits = limitsOf(device, options.limits);
  const tensorBytes = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  void device.lost.then(({ reason, message }) => {
    if (reason !== 'destroyed') options.onLost(message || reason);
  });

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
          ...(matrices === undefined ? {} : { matrices: matrices.listed }),
        },
        deviceLimits: limits,
        adapter: options.info,
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
          ...(linear === undefined ? {} : { linearSubgroups: linear }),
          software: options.software,
          vendor: options.vendor,
          ...(matrices?.usable === undefined ? {} : { subgroupMatrix: matrices.usable }),
        },
        ...(matrices === undefined ? {} : { listedMatrices: matrices.listed }),
      };
    },
    async compile(program) {
      const begin = performance.now();
      await pipelines.compile(requireWgsl(program));
      return (performance.now() - begin) / 1000;
    },
    async prepare(request) {
      const program = requireWgsl(request.program);
      const begin = performance.now();
      const ready = await pipelines.makeReady(program);
      const compiled = performance.now();
      const slices = splitSlice(request.workload, request.slice, tensorBytes);
      if (slices === undefined) throw new Error(headTooLarge(tensorBytes));
      // A software adapter has the CPU's caches, and no memory of its own.
      const asked = options.software ? { ...request, coldKeys: false } : request;
      const parts = await allocateParts(device, asked, slices, program, ready, tensorBytes);
      const copies = Math.min(...parts.map(({ bindGroups }) => bindGroups.length));
      const shape = sliceShape(request.workload, request.slice);
      const id = table.add({
        parts,
        shape: { batches: shape.batch, queryHeads: shape.queryHeads, rows: shape.seqQuery },
        writes: request.data.kind !== 'none',
        repeats: 1,
        clock: request.wallClock === true || queries === undefined ? 'wall' : 'gpu-timestamp',
      });
      return {
        id,
        compileSeconds: (compiled - begin) / 1000,
        prepareSeconds: (performance.now() - compiled) / 1000,
        ...(copies > 1 ? { copies } : {}),
      };
    },
    async run(id) {
      const prepared = table.get(id);
      const { parts, repeats } = prepared;
      const wall = prepared.clock === 'wall';
      const seconds = await checked(device, async () => {
        if (prepared.writes) poison(outputsOf(prepared), (parts[0] as PreparedPart).workload.dtype);
        // Timestamps begin with the work itself; the wall clock would time the copies too.
        if (prepared.writes && wall) await device.queue.onSubmittedWorkDone();
        return timedRun(device, parts, repeats, {
          queries: wall ? undefined : queries,
          emptySeconds: clock.emptySeconds,
          submissionSeconds: options.submissionSeconds,
        });
      });
      const shortest = wall ? 50 * clock.emptySeconds : 100 * clock.quantumSeconds;
      prepared.repeats = Math.max(1, Math.min(1000, Math.ceil((shortest * repeats) / seconds)));
      const flops = parts.reduce((sum, part) => sum + part.flops, 0);
      return { seconds, flops: flops * repeats, clock: prepared.clock };
    },
    async read(id, rows) {
      return checked(device, () => readRows(device, table.get(id).parts, rows));
    },
    async sums(id, seed) {
      const { parts, shape } = table.get(id);
      return checked(device, () => readSums(device, parts, shape, seed));
    },
    async dispose(id) {
      for (const { buffers } of table.take(id).parts) for (const buffer of buffers) buffer.destroy();
    },
    async close() {
      device.destroy();
    },
  };
}

const outputsOf = ({ parts }: PreparedGpu) => parts.map(({ output }) => output);

function requireWgsl(program: PrepareRequest['program']): WgslProgram {
  if (program.kind !== 'wgsl') throw new TypeError(`a WebGPU host cannot run a ${program.kind} program`);
  return program;
}

/** A device never has lower limits than the standard's defaults: a lower one that was asked for is kept here. */
function limitsOf(device: GPUDevice, wanted: Record<string, number>) {
  const below = (name: string, own: number) => Math.min(own, wanted[name] ?? Number.POSITIVE_INFINITY);
  const { limits } = device;
  return {
    maxBufferSize: below('maxBufferSize', limits.maxBufferSize),
    maxStorageBufferBindingSize: below('maxStorageBufferBindingSize', limits.maxStorageBufferBindingSize),
    maxComputeWorkgroupStorageSize: below('maxComputeWorkgroupStorageSize', limits.maxComputeWorkgroupStorageSize),
    maxComputeInvocationsPerWorkgroup: below(
      'maxComputeInvocationsPerWorkgroup',
      limits.maxComputeInvocationsPerWorkgroup,
    ),
  };
}
