/** The work of bench compile: no clock test, no probe, no verification. */

import { availableParallelism } from 'node:os';
import type { Kernel } from '../../kernels/kernel.ts';
import { softwareEnvironment } from '../host/node/places.ts';
import { spawnHost } from '../host/node/spawn.ts';
import { spawnWasm } from '../host/node/variants.ts';
import { describe, type Workload } from '../workload.ts';
import type { readPlace } from './options.ts';

export async function compileKernel(
  kernel: Kernel,
  workload: Workload,
  place: ReturnType<typeof readPlace>,
): Promise<number> {
  const { adapter, allowSoftware, limits, threads, variant } = place;
  const host =
    kernel.backend === 'wasm'
      ? await spawnWasm(variant ?? 'simd-relaxed', threads ?? availableParallelism())
      : kernel.backend === 'scalar'
        ? await spawnHost({ role: { backend: 'scalar' }, flags: [], env: {} })
        : await spawnHost({
            role: { backend: 'webgpu', options: { adapter, allowSoftware, limits }, untimed: true },
            flags: [],
            env: await softwareEnvironment(allowSoftware),
          });
  try {
    const { device, deviceLimits, limits: held, features } = await host.environment();
    const unsupported = kernel.unsupported(workload, held);
    if (unsupported !== undefined) throw new Error(unsupported);
    const program = kernel.build(workload, features);
    const seconds = await host.compile(program);
    process.stdout.write(`${kernel.name}, head dimension ${workload.headDim}, ${workload.dtype}, on ${device.name}\n`);
    process.stdout.write(
      `compiled in ${(seconds * 1000).toFixed(1)} ms${program.kind === 'wgsl' ? `, ${program.passes.length} pipelines` : ''}\n`,
    );
    const used = Object.entries(deviceLimits).map(([name, value]) => `${name} ${value}`);
    if (used.length > 0) process.stdout.write(`device limits: ${used.join(', ')}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(
      `${kernel.name}, ${describe(workload)}: ${error instanceof Error ? error.message : String(error)}\n`,
    );
    return 1;
  } finally {
    await host.close();
  }
}
