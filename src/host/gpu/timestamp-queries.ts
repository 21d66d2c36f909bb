/** Self-test of GPU timestamps: their quantum, and whether they agree with the wall clock on a kernel long enough to compare. */

import { clockDistrusted } from '../../messages.ts';
import type { ClockReport } from '../contract.ts';

/** A chain of dependent multiply-adds, so that nothing can be left out or overlapped. */
const SPIN = `
@group(0) @binding(0) var<storage, read_write> sink: array<f32>;
@group(0) @binding(1) var<uniform> rounds: u32;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) thread: vec3u) {
  var x = f32(thread.x);
  for (var i = 0u; i < rounds; i += 1u) {
    x = fma(x, 0.9999, 0.5);
  }
  sink[thread.x] = x;
}`;

/** A pair of timestamps around a compute pass, read back in seconds. */
export interface TimestampQueries {
  writes: GPUComputePassTimestampWrites;
  /** Copies the pair into place `index` of the results. */
  resolve(encoder: GPUCommandEncoder, index: number): void;
  /** Durations of the first `count` places, seconds. */
  read(count: number): Promise<number[]>;
  destroy(): void;
}

/** Resolved query sets must lie on multiples of 256 bytes. */
const RESOLVE_STRIDE = 256;

/** Room for `places` timed passes between two reads. */
export function createTimestampQueries(device: GPUDevice, places: number): TimestampQueries {
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 });
  const size = places * RESOLVE_STRIDE;
  const results = device.createBuffer({ size, usage: GPU_BUFFER.QUERY_RESOLVE | GPU_BUFFER.COPY_SRC });
  const staging = device.createBuffer({ size, usage: GPU_BUFFER.MAP_READ | GPU_BUFFER.COPY_DST });
  return {
    writes: { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 },
    resolve: (encoder, index) => encoder.resolveQuerySet(querySet, 0, 2, results, index * RESOLVE_STRIDE),
    async read(count) {
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(results, 0, staging, 0, count * RESOLVE_STRIDE);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(MAP_READ, 0, count * RESOLVE_STRIDE);
      const words = new BigUint64Array(staging.getMappedRange(0, count * RESOLVE_STRIDE).slice(0));
      staging.unmap();
      return Array.from({ length: count }, (_, i) => {
        const at = (i * RESOLVE_STRIDE) / 8;
        return Number((words[at + 1] as bigint) - (words[at] as bigint)) / 1e9;
      });
    },
    destroy() {
      for (const item of [querySet, results, staging]) item.destroy();
    },
  };
}

/** The WebGPU usage flags by value: their globals do not exist in every host. */
export const GPU_BUFFER = {
  MAP_READ: 0x1,
  COPY_SRC: 0x4,
  COPY_DST: 0x8,
  UNIFORM: 0x40,
  STORAGE: 0x80,
  QUERY_RESOLVE: 0x200,
} as const;
export const MAP_READ = 0x1;
export const SHADER_STAGE_COMPUTE = 0x4;

/** Tests the clocks of a device: empty submissions first, then a kernel of some 20 ms timed by both. */
export async function testClock(device: GPUDevice): Promise<ClockReport> {
  const emptySeconds = await emptySubmission(device);
  const wall = (quantumSeconds: number, note: string | null): ClockReport => ({
    clock: 'wall',
    quantumSeconds,
    emptySeconds,
    note,
  });
  if (!device.features.has('timestamp-query')) return wall(1e-6, clockDistrusted('the device has none'));

  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: SPIN }), entryPoint: 'main' },
  });
  const sink = device.createBuffer({ size: 64 * 4, usage: GPU_BUFFER.STORAGE });
  const uniform = device.createBuffer({ size: 16, usage: GPU_BUFFER.UNIFORM | GPU_BUFFER.COPY_DST });
  const entries = [sink, uniform].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const bindGroup = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  const timestampQueries = createTimestampQueries(device, 1);
  const time = async (rounds: number) => {
    device.queue.writeBuffer(uniform, 0, new Uint32Array([rounds]));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass({ timestampWrites: timestampQueries.writes });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(1);
    pass.end();
    timestampQueries.resolve(encoder, 0);
    const begin = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    const wallSeconds = (performance.now() - begin) / 1000;
    return { wallSeconds, gpuSeconds: (await timestampQueries.read(1))[0] ?? 0 };
  };
  try {
    let rounds = 1000;
    await time(rounds);
    let timed = await time(rounds);
    while (timed.wallSeconds < 0.02 + 2 * emptySeconds && rounds < 2 ** 28) {
      rounds *= 2;
      timed = await time(rounds);
    }
    const ratio = timed.gpuSeconds / (timed.wallSeconds - emptySeconds);
    if (!(ratio > 0.5 && ratio < 1.1)) {
      const note = `they read ${(timed.gpuSeconds * 1000).toFixed(3)} ms where the wall clock reads ${(timed.wallSeconds * 1000).toFixed(3)} ms`;
      return wall(1e-6, clockDistrusted(note));
    }
    const durations: number[] = [];
    for (let i = 0; i < 12; i += 1) durations.push((await time(1 + i * 7)).gpuSeconds);
    return { clock: 'gpu-timestamp', quantumSeconds: commonStep(durations), emptySeconds, note: null };
  } finally {
    timestampQueries.destroy();
    sink.destroy();
    uniform.destroy();
  }
}

/** Median time of an empty submission until it is reported done, seconds. */
async function emptySubmission(device: GPUDevice): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 9; i += 1) {
    const begin = performance.now();
    device.queue.submit([device.createCommandEncoder().finish()]);
    await device.queue.onSubmittedWorkDone();
    times.push((performance.now() - begin) / 1000);
  }
  return times.sort((a, b) => a - b)[4] ?? 0;
}

/** Greatest common divisor of durations given in whole nanoseconds, in seconds; 1 ns where all are 0. */
function commonStep(seconds: readonly number[]): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  return Math.max(1, seconds.map((x) => Math.round(x * 1e9)).reduce(gcd, 0)) / 1e9;
}
