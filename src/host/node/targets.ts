/** The targets of this machine: one for each engine, opened in child processes, or mocks of them. */

import { availableParallelism } from 'node:os';
import type { Engine } from '../../../kernels/kernel.ts';
import { machineCodeSays, messageOf, noAdapterAtAll, noHardwareAdapter } from '../../messages.ts';
import type { WasmVariant } from '../cpu/wasm-variants.ts';
import { createMockHost, type MockOptions } from '../mock.ts';
import type { WebgpuOptions } from '../role.ts';
import { openTarget, type Target } from '../target.ts';
import { type KernelVariant, setOf, wasmVariantOf } from '../variants.ts';
import type { ChildRole } from './child.ts';
import { swiftshaderEnvironment } from './development.ts';
import { spawnAdapterList, spawnHost } from './spawn.ts';
import { chooseNodeVariant, spawnWasm } from './wasm-children.ts';
import { chooseInstructionSet, setChoice, spawnX64 } from './x64/choose-set.ts';

/** How the targets of this machine are opened. */
export interface NodeTargetOptions {
  /** Null: all cores. */
  threads: number | null;
  /** Of WebAssembly or of machine code; null: chosen by a probe, as is that of the other. */
  variant: KernelVariant | null;
  /** 'off': no machine code of ours is run. */
  native?: 'auto' | 'off';
  webgpu: WebgpuOptions;
}

const host = 'node';

/** Opens the target of an engine on this machine and asks what it is; where it cannot be opened it says why. */
export async function nodeTarget({ backend, library }: Engine, options: NodeTargetOptions): Promise<Target> {
  const threads = options.threads ?? availableParallelism();
  const spawn = (role: ChildRole) => () => spawnHost({ role, flags: [], env: {} });
  switch (backend) {
    case 'webgpu':
      return gpuTarget(library, options.webgpu);
    case 'native':
      if (library === undefined) return machineCodeTarget(threads, options);
      return openTarget({ host, open: spawn({ library: 'onnxruntime', backend, threads }) });
    case 'scalar':
      return openTarget({ host, open: spawn({ backend }) });
    case 'wasm': {
      if (library === 'tensorflow') return openTarget({ host, open: spawn({ library, backend }) });
      if (library !== undefined) return openTarget({ host, open: spawn({ library, backend, threads }) });
      return wasmTarget(threads, wasmVariantOf(options.variant));
    }
    default:
      return backend satisfies never;
  }
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

/** Our kernels in WebAssembly. */
async function wasmTarget(threads: number, asked: WasmVariant | null): Promise<Target> {
  try {
    const variant = asked === null ? await chooseNodeVariant() : { variant: asked, reason: 'asked for' };
    return await openTarget({ host, variant, open: () => spawnWasm(variant.variant, threads) });
  } catch (error) {
    return { state: 'unavailable', host, reason: messageOf(error) };
  }
}

/** Our kernels in machine code. */
async function machineCodeTarget(threads: number, { variant: asked, native }: NodeTargetOptions): Promise<Target> {
  if (native === 'off') return { state: 'unavailable', host, reason: machineCodeSays.off };
  try {
    const set = setOf(asked);
    const variant = set === null ? await chooseInstructionSet() : setChoice(set, 'asked for');
    return await openTarget({ host, variant, open: () => spawnX64(variant.variant, threads) });
  } catch (error) {
    return { state: 'unavailable', host, reason: messageOf(error) };
  }
}

/** Our kernels on an adapter, or a library's on the same. */
async function gpuTarget(library: Engine['library'], options: WebgpuOptions): Promise<Target> {
  try {
    const env = await softwareEnvironment(options.allowSoftware);
    const role: ChildRole =
      library === undefined ? { backend: 'webgpu', options } : { library: 'onnxruntime', backend: 'webgpu', options };
    return await openTarget({ host, open: () => spawnHost({ role, flags: [], env }) });
  } catch (error) {
    return { state: 'unavailable', host, reason: messageOf(error) };
  }
}

/** The same engine without a device. */
export function mockTarget(engine: Engine, options: MockOptions): Promise<Target> {
  return openTarget({ host: 'mock', open: async () => createMockHost(engine, options) });
}
