/**
 * Which clock a GPU is timed by: timestamp queries where they agree with the wall clock on a kernel long enough to
 * compare.
 */

import { median } from 'simple-statistics';
import { clockDistrusted, clocksDisagree, noTimestamps } from '../../messages.ts';
import type { ClockReport } from '../contract.ts';
import { createTimestampQueries } from './timestamp-queries.ts';
import { BUFFER_USAGE } from './usage-flags.ts';

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

/**
 * Tests the clocks of a device: empty submissions first, then a kernel of some 20 ms timed by both clocks. Timestamps
 * are used where the two agree; otherwise the report says why the wall clock is used.
 */
export async function testClocks(device: GPUDevice): Promise<ClockReport> {
  const emptySeconds = await emptySubmission(device);
  const wall = (quantumSeconds: number, note: string | null): ClockReport => ({
    clock: 'wall',
    quantumSeconds,
    emptySeconds,
    note,
  });
  if (!device.features.has('timestamp-query')) return wall(1e-6, clockDistrusted(noTimestamps));

  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module: device.createShaderModule({ code: SPIN }), entryPoint: 'main' },
  });
  const sink = device.createBuffer({ size: 64 * 4, usage: BUFFER_USAGE.STORAGE });
  const uniform = device.createBuffer({ size: 16, usage: BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST });
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
    // Firefox looks every 100 ms whether a submission is done: only what takes many such steps can be compared.
    const longEnough = Math.max(0.02, 10 * emptySeconds);
    let rounds = 1000;
    await time(rounds);
    let timed = await time(rounds);
    while (timed.wallSeconds < longEnough + emptySeconds && rounds < 2 ** 28) {
      rounds *= 2;
      timed = await time(rounds);
    }
    const selfTest = { gpuSeconds: timed.gpuSeconds, wallSeconds: timed.wallSeconds - emptySeconds };
    const ratio = selfTest.gpuSeconds / selfTest.wallSeconds;
    if (!(ratio > 0.5 && ratio < 1.1)) {
      return { ...wall(1e-6, clockDistrusted(clocksDisagree(timed.gpuSeconds, timed.wallSeconds))), selfTest };
    }
    const durations: number[] = [];
    for (let i = 0; i < 12; i += 1) durations.push((await time(1 + i * 7)).gpuSeconds);
    return { clock: 'gpu-timestamp', quantumSeconds: commonStep(durations), emptySeconds, note: null, selfTest };
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
  return median(times);
}

/** Greatest common divisor of durations given in whole nanoseconds, in seconds; 1 ns where all are 0. */
function commonStep(seconds: readonly number[]): number {
  const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));
  return Math.max(1, seconds.map((x) => Math.round(x * 1e9)).reduce(gcd, 0)) / 1e9;
}
