/** The work of bench compile: no clock test, no probe, no verification. */

import { availableParallelism } from 'node:os';
import { findKernel } from '../../../kernels/index.ts';
import { counted, formatDuration } from '../../format.ts';
import { spawnHost } from '../../host/node/spawn.ts';
import { softwareEnvironment } from '../../host/node/targets.ts';
import { spawnWasm } from '../../host/node/wasm-children.ts';
import { spawnX64 } from '../../host/node/x64/choose-set.ts';
import type { KillableHost } from '../../host/target.ts';
import { setOf, wasmVariantOf } from '../../host/variants.ts';
import { watched } from '../../host/watchdog.ts';
import { machineCodeSays, messageOf, nothingToCompile, UsageError } from '../../messages.ts';
import { describe, formatHeadDims, type Workload } from '../../problem/workload.ts';
import { formatLimits } from '../../report/limits-text.ts';
import type { TargetOptions } from '../options/device.ts';
import { printText } from '../terminal/output.ts';

/** Compiles a kernel for a workload and prints how long that took; 1 if it cannot be compiled here. */
export async function compileKernel(name: string, workload: Workload, target: TargetOptions): Promise<number> {
  const kernel = findKernel(name);
  const { backend, library } = kernel;
  if (library !== undefined || backend === 'scalar') throw new UsageError(nothingToCompile(kernel.name));
  let host: KillableHost | undefined;
  try {
    // Nothing is run.
    host = watched(await openHost(backend, target), () => 0);
    const environment = await host.environment();
    const { device, deviceLimits } = environment;
    const unsupported = kernel.unsupported(workload, environment);
    if (unsupported !== undefined) throw new Error(unsupported);
    const program = kernel.build(workload, environment);
    const seconds = await host.compile(program);
    process.stdout.write(
      `${kernel.name}, head dimension ${formatHeadDims(workload)}, ${workload.dtype}, on ${device.name}\n`,
    );
    process.stdout.write(
      `compiled in ${formatDuration(seconds)}${program.kind === 'wgsl' ? `, ${counted(program.passes.length, 'pipeline')}` : ''}\n`,
    );
    const limits = formatLimits(deviceLimits);
    if (limits !== '') printText(`device limits: ${limits}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${kernel.name}, ${describe(workload)}: ${messageOf(error)}\n`);
    return 1;
  } finally {
    await host?.close();
  }
}

/** A host for the backend; a WebGPU one without the test of its clocks. */
async function openHost(backend: 'wasm' | 'native' | 'webgpu', target: TargetOptions): Promise<KillableHost> {
  const { adapter, allowSoftware, limits, variant, native } = target;
  const threads = target.threads ?? availableParallelism();
  if (backend === 'wasm') return spawnWasm(wasmVariantOf(variant) ?? 'simd-relaxed', threads);
  if (backend === 'native') {
    if (native === 'off') throw new Error(machineCodeSays.off);
    return spawnX64(setOf(variant), threads);
  }
  const env = await softwareEnvironment(allowSoftware);
  return spawnHost({ role: { backend, options: { adapter, allowSoftware, limits }, untimed: true }, flags: [], env });
}
