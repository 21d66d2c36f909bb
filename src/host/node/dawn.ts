/** Opens a WebGPU device through Dawn, the npm package `webgpu`. Runs in a child process only: a driver may crash it. */

import { totalmem } from 'node:os';
import { noAdapterAtAll, noHardwareAdapter, noMatchingAdapter, webgpuUnavailable } from '../../messages.ts';
import type { Host } from '../host.ts';
import { createWebgpuHost } from '../webgpu.ts';

export interface DawnOptions {
  /** Part of an adapter's name, or null for the high-performance one. */
  adapter: string | null;
  allowSoftware: boolean;
  /** Limits to ask for below the adapter's own, by name. */
  limits: Record<string, number>;
}

/** One adapter as `bench devices` shows it. */
export interface AdapterDescription {
  name: string;
  vendor: string;
  software: boolean;
  features: string[];
  limits: Record<string, number>;
}

// Released only with the process: Dawn's objects must not be collected while any of its callbacks may come.
const keepAlive: unknown[] = [];

async function createGpu(adapter: string | null): Promise<GPU> {
  let dawn: typeof import('webgpu');
  try {
    dawn = await import('webgpu');
  } catch (error) {
    throw new Error(webgpuUnavailable(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)));
  }
  const gpu = dawn.create([
    // Timestamps otherwise come in steps of 65.5 microseconds.
    'disable-dawn-features=timestamp_quantization',
    ...(adapter === null ? [] : [`adapter=${adapter}`]),
  ]);
  keepAlive.push(gpu);
  return gpu;
}

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

function describe(adapter: GPUAdapter): AdapterDescription {
  const { info } = adapter;
  const name = info.description || info.device || info.architecture || info.vendor || 'unnamed adapter';
  return {
    name,
    vendor: info.vendor,
    software: isSoftware(adapter),
    features: [...adapter.features].sort(),
    limits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
  };
}

/** Fallback adapters say so; some software drivers only by their names. */
function isSoftware(adapter: GPUAdapter): boolean {
  const { info } = adapter;
  const names = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|softpipe|basic render/i.test(names);
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
      const description = describe(adapter);
      found.set(description.name, description);
    }
  }
  return [...found.values()].sort((a, b) => Number(a.software) - Number(b.software));
}

/** Opens the device that the options ask for. Throws with the reason where there is none. */
export async function createDawnHost(options: DawnOptions, untimed: boolean): Promise<Host> {
  const gpu = await createGpu(options.adapter);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' }).catch((error: unknown) => {
    if (options.adapter === null) throw error;
    // Dawn answers a name that fits none with a list of those that there are, one a line.
    const names = [...String(error).matchAll(/name: '([^']*)'/g)].map(([, name]) => name ?? '');
    throw new Error(noMatchingAdapter(options.adapter, names));
  });
  if (adapter === null) throw new Error(options.allowSoftware ? noAdapterAtAll : noHardwareAdapter([]));
  keepAlive.push(adapter);
  const description = describe(adapter);
  if (description.software && !options.allowSoftware) throw new Error(noHardwareAdapter([description.name]));

  const requiredLimits: Record<string, number> = { ...description.limits, ...options.limits };
  const wanted: GPUFeatureName[] = ['timestamp-query', 'subgroups', 'shader-f16'];
  const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  keepAlive.push(device);
  return createWebgpuHost(device, {
    deviceName: description.name,
    software: description.software,
    untimed,
    limits: options.limits,
    // Discrete memory is not reported by WebGPU; the machine's own is the bound that can be known.
    memoryBytes: Math.floor(totalmem() * 0.8),
    onLost(reason) {
      process.stderr.write(`WebGPU device lost: ${reason}\n`);
      process.exit(70);
    },
  });
}
