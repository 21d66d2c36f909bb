/** How a device lays subgroups out over a workgroup, found by running: the standard leaves it to the device. */

import { checked } from './error-scopes.ts';
import { BUFFER_USAGE, MAP_MODE_READ } from './usage-flags.ts';

/** Threads of the workgroups that are looked at: those that kernels have. */
const WORKGROUPS = [64, 128, 256] as const;
/** Workgroups of each. */
const COUNT = 8;

const code = (threads: number) => `enable subgroups;
@group(0) @binding(0) var<storage, read_write> found: array<vec2u>;
@compute @workgroup_size(${threads})
fn main(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(subgroup_invocation_id) lane: u32,
  @builtin(subgroup_size) size: u32,
) {
  found[workgroup.x * ${threads}u + thread] = vec2u(lane, size);
}`;

/**
 * Invocations of a subgroup, where its adapter says that all have as many, and invocation i of every workgroup that was run is lane
 * i % size of one; undefined elsewhere. The device needs the feature subgroups.
 */
export async function linearSubgroups(
  device: GPUDevice,
  { subgroupMinSize, subgroupMaxSize }: { subgroupMinSize: number; subgroupMaxSize: number },
): Promise<number | undefined> {
  if (!device.features.has('subgroups') || subgroupMinSize !== subgroupMaxSize || subgroupMinSize < 2) return undefined;
  const size = subgroupMinSize;
  for (const threads of WORKGROUPS) {
    if (threads > device.limits.maxComputeInvocationsPerWorkgroup) continue;
    // Where this cannot run nothing is known either; a kernel that needs subgroups meets the reason itself.
    const found = await checked(device, () => lanesOf(device, threads)).catch(() => undefined);
    const linear = found?.every((value, i) => value === (i % 2 === 0 ? (i / 2) % size : size));
    if (linear !== true) return undefined;
  }
  return size;
}

/** Lane and subgroup size of every invocation of some workgroups, in turn. */
async function lanesOf(device: GPUDevice, threads: number): Promise<Uint32Array> {
  const size = COUNT * threads * 8;
  const module = device.createShaderModule({ code: code(threads) });
  const pipeline = await device.createComputePipelineAsync({
    layout: 'auto',
    compute: { module, entryPoint: 'main' },
  });
  const buffer = device.createBuffer({ size, usage: BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC });
  const staging = device.createBuffer({ size, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
  try {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    const entries = [{ binding: 0, resource: { buffer } }];
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    pass.dispatchWorkgroups(COUNT);
    pass.end();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_MODE_READ);
    return new Uint32Array(staging.getMappedRange().slice(0));
  } finally {
    buffer.destroy();
    staging.destroy();
  }
}
