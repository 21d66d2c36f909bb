/** The places of this machine where kernels can run: one for each backend, opened in child processes, or mocks of them. */

import { availableParallelism } from 'node:os';
import type { Backend } from '../../../kernels/kernel.ts';
import { noAdapterAtAll, noHardwareAdapter } from '../../messages.ts';
import type { Host } from '../host.ts';
import { createMockHost, type MockOptions } from '../mock.ts';
import type { Place } from '../place.ts';
import type { WasmVariant } from '../variants.ts';
import type { DawnOptions } from './dawn.ts';
import { type ChildHost, spawnAdapterList, spawnHost } from './spawn.ts';
import { swiftshaderEnvironment } from './swiftshader.ts';
import { chooseNodeVariant, spawnWasm } from './variants.ts';

export interface PlaceOptions {
  /** Null: all cores. */
  threads: number | null;
  /** Null: chosen by a probe. */
  variant: WasmVariant | null;
  webgpu: DawnOptions;
}

/** Opens a backend on this machine and asks what it is; a backend that cannot be opened says why. */
export async function nodePlace(backend: Backend, options: PlaceOptions): Promise<Place> {
  if (backend === 'webgpu') return webgpuPlace(options.webgpu);
  if (backend === 'scalar') return place('node', null, () => spawnHost({ role: { backend }, flags: [], env: {} }));
  const threads = options.threads ?? availableParallelism();
  if (backend === 'peers')
    return place('node', null, () => spawnHost({ role: { backend, threads }, flags: [], env: {} }));
  const choice =
    options.variant === null ? await chooseNodeVariant() : { variant: options.variant, reason: 'asked for' };
  const result = await place('node', choice.variant, () => spawnWasm(choice.variant, threads));
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

async function webgpuPlace(options: DawnOptions): Promise<Place> {
  try {
    const env = await softwareEnvironment(options.allowSoftware);
    return await place('node', null, () => spawnHost({ role: { backend: 'webgpu', options }, flags: [], env }));
  } catch (error) {
    return unavailable(error instanceof Error ? error.message : String(error));
  }
}

/** The same backends without a device. */
export function mockPlace(backend: Backend, options: MockOptions): Promise<Place> {
  return place('mock', null, async () => createMockHost(backend, options));
}

function unavailable(reason: string): Place {
  const never = () => Promise.reject(new Error(reason));
  return { host: 'node', variant: null, unavailable: reason, environment: null, device: null, open: never, kill() {} };
}

/** Opens once to learn the environment; that host is the first one handed out. */
async function place(host: string, variant: string | null, open: () => Promise<Host>): Promise<Place> {
  try {
    let first: Host | undefined = await open();
    const environment = await first.environment();
    return {
      host,
      variant,
      unavailable: null,
      environment,
      device: null,
      async open() {
        const opened = first ?? (await open());
        first = undefined;
        return opened;
      },
      kill: (running) => (running as Partial<ChildHost>).kill?.(),
    };
  } catch (error) {
    return unavailable(error instanceof Error ? error.message : String(error));
  }
}
