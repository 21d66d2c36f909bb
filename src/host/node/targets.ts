/** The places of this machine where kernels can run: one for each backend, opened in child processes, or mocks of them. */

import { availableParallelism } from 'node:os';
import type { Backend, Kernel } from '../../../kernels/kernel.ts';
import { messageOf, noAdapterAtAll, noHardwareAdapter } from '../../messages.ts';
import type { WasmVariant } from '../cpu/wasm-variants.ts';
import { createMockHost, type MockOptions } from '../mock.ts';
import type { WebgpuOptions } from '../role.ts';
import { openTarget, type Target, unavailableTarget } from '../target.ts';
import { swiftshaderEnvironment } from './development.ts';
import { spawnAdapterList, spawnHost } from './spawn.ts';
import { chooseNodeVariant, spawnWasm } from './wasm-children.ts';

export interface TargetOptions {
  /** Null: all cores. */
  threads: number | null;
  /** Null: chosen by a probe. */
  variant: WasmVariant | null;
  webgpu: WebgpuOptions;
}

/** Opens a backend on this machine and asks what it is; a backend that cannot be opened says why. */
export async function nodeTarget(backend: Backend, options: TargetOptions, device?: Kernel['target']): Promise<Target> {
  if (backend === 'webgpu') return gpuTarget(backend, options.webgpu);
  if (backend === 'peers' && device === 'webgpu') return gpuTarget(backend, options.webgpu);
  if (backend === 'scalar') return openTarget('node', null, () => spawnHost({ role: { backend }, flags: [], env: {} }));
  const threads = options.threads ?? availableParallelism();
  if (backend === 'peers') {
    const build = device === 'wasm' ? 'wasm' : 'native';
    const role = { backend, where: { threads, build } } as const;
    return openTarget('node', device ?? null, () => spawnHost({ role, flags: [], env: {} }));
  }
  const choice =
    options.variant === null ? await chooseNodeVariant() : { variant: options.variant, reason: 'asked for' };
  const result = await openTarget('node', choice.variant, () => spawnWasm(choice.variant, threads));
  if (result.environment !== null)
    Object.assign(result.environment.device, { variant: choice.variant, variantReason: choice.reason });
  return result;
}

/**
 * The environment in which a child finds an adapter that may be used: its own where there is a hardware adapter, with
 * allowSoftware otherwise that of the software driver of a development install. Throws with the reason where there is none.
 */
export async function softwareEnvironment(allowSoftware: boolean): Promise<Record<string, string>> {
  const adapters = await spawnAdapterList({});
  if (adapters.some(({ software }) => !software)) return {};
  if (!allowSoftware) throw new Error(noHardwareAdapter(adapters.map(({ name }) => name)));
  if (adapters.length > 0) return {};
  const software = await swiftshaderEnvironment();
  if (software === undefined) throw new Error(noAdapterAtAll);
  return software;
}

/** Our kernels on an adapter, or ONNX Runtime's on the same. */
async function gpuTarget(backend: 'webgpu' | 'peers', options: WebgpuOptions): Promise<Target> {
  try {
    const env = await softwareEnvironment(options.allowSoftware);
    return backend === 'webgpu'
      ? await openTarget('node', null, () => spawnHost({ role: { backend, options }, flags: [], env }))
      : await openTarget('node', 'webgpu', () => spawnHost({ role: { backend, where: options }, flags: [], env }));
  } catch (error) {
    return unavailableTarget('node', messageOf(error));
  }
}

/** The same backends without a device. */
export function mockTarget(backend: Backend, options: MockOptions): Promise<Target> {
  return openTarget('mock', null, async () => createMockHost(backend, options));
}
