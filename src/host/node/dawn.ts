/**
 * Opens a WebGPU device through Dawn, the npm package `webgpu`. Runs in a child process only: a driver may crash it.
 */

import {
  noAdapterAtAll,
  noHardwareAdapter,
  noMatchingAdapter,
  webgpuUnavailable,
  whyNotLoaded,
} from '../../messages.ts';
import type { Host } from '../contract.ts';
import { type AdapterDescription, describeAdapter } from '../gpu/adapter-description.ts';
import { openDevice } from '../gpu/open-device.ts';
import { SUBMISSION_SECONDS } from '../gpu/submissions.ts';
import type { GpuSettings, WebgpuOptions } from '../role.ts';
import { spareMemoryBytes } from './this-machine.ts';

/** Switches of Dawn, by their names in its Toggles.cpp: it passes over a name that it does not know without a word. */
export const DAWN_TOGGLES = {
  enable: [
    // Lists experimental features: those that a kernel can use are asked for, the others change nothing.
    'allow_unsafe_apis',
    // NVIDIA's Vulkan drivers otherwise get neither shader-f16 nor matrices of f16.
    'vulkan_enable_f16_on_nvidia',
  ],
  // Timestamps otherwise come in steps of 65.5 microseconds.
  disable: ['timestamp_quantization'],
  // Leaves reads and writes out of bounds unguarded.
  unguarded: 'disable_robustness',
} as const;

// Kept until the process ends: Dawn's objects must not be collected while one of its callbacks may still come.
const keepAlive: unknown[] = [];

async function createGpu(adapter: string | null, { robustness }: GpuSettings = {}): Promise<GPU> {
  let dawn: typeof import('webgpu');
  try {
    dawn = await import('webgpu');
  } catch (error) {
    throw new Error(webgpuUnavailable(whyNotLoaded('webgpu', error)));
  }
  const gpu = dawn.create([
    `enable-dawn-features=${[...DAWN_TOGGLES.enable, ...(robustness === false ? [DAWN_TOGGLES.unguarded] : [])].join(',')}`,
    `disable-dawn-features=${DAWN_TOGGLES.disable.join(',')}`,
    ...(adapter === null ? [] : [`adapter=${adapter}`]),
  ]);
  keepAlive.push(gpu);
  return gpu;
}

/** Every adapter that can be found by asking in each way, software ones last. */
export async function listAdapters(): Promise<AdapterDescription[]> {
  const gpu = await createGpu(null);
  const found = new Map<string, AdapterDescription>();
  const requests: GPURequestAdapterOptions[] = [
    { powerPreference: 'high-performance' },
    { powerPreference: 'low-power' },
    { forceFallbackAdapter: true },
  ];
  for (const request of requests) {
    const adapter = await gpu.requestAdapter(request);
    if (adapter !== null) {
      keepAlive.push(adapter);
      const description = describeAdapter(adapter);
      found.set(description.name, description);
    }
  }
  return [...found.values()].sort((a, b) => Number(a.software) - Number(b.software));
}

/** The adapter that the options ask for. Throws with the reason where there is none. */
export async function openAdapter(options: WebgpuOptions): Promise<GPUAdapter> {
  const gpu = await createGpu(options.adapter, options.settings);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch((error: unknown) => {
    if (options.adapter === null) throw error;
    // Dawn answers a name that fits none with a list of those that there are, one a line.
    const names = [...String(error).matchAll(/name: '([^']*)'/g)].map(([, name]) => name ?? '');
    throw new Error(noMatchingAdapter(options.adapter, names));
  });
  if (adapter === null) throw new Error(options.allowSoftware ? noAdapterAtAll : noHardwareAdapter([]));
  keepAlive.push(adapter);
  const { name, software } = describeAdapter(adapter);
  if (software && !options.allowSoftware) throw new Error(noHardwareAdapter([name]));
  return adapter;
}

/** Opens a device of that adapter, and a host on it. */
export async function createDawnHost(options: WebgpuOptions, untimed: boolean): Promise<Host> {
  const adapter = await openAdapter(options);
  const { device, host } = await openDevice(adapter, {
    limits: options.limits,
    submissionSeconds:
      options.settings?.submissionSeconds ?? SUBMISSION_SECONDS[process.platform === 'linux' ? 'unwatched' : 'watched'],
    untimed,
    // Discrete memory is not reported by WebGPU; the machine's own is the bound that can be known.
    memoryBytes: spareMemoryBytes(),
    onLost(reason) {
      process.stderr.write(`WebGPU device lost: ${reason}\n`);
      process.exit(70);
    },
  });
  keepAlive.push(device);
  return host;
}
