/** A WebGPU adapter, wherever it comes from: what it is, and a host on a device of it with all the limits that it offers. */

import type { Host } from './host.ts';
import { createWebgpuHost } from './webgpu.ts';

/** One adapter as `bench devices` shows it. */
export interface AdapterDescription {
  name: string;
  vendor: string;
  software: boolean;
  features: string[];
  limits: Record<string, number>;
}

const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

export function describeAdapter(adapter: GPUAdapter): AdapterDescription {
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

export interface DeviceOptions {
  /** Limits to ask for below the adapter's own, by name. */
  limits: Record<string, number>;
  /** Memory that tensors may take in all, bytes. */
  memoryBytes: number;
  /** Skip the test of the clocks: nothing will be timed. */
  untimed: boolean;
  onLost: (reason: string) => void;
}

/** Opens a device of the adapter and a host on it. Both are given back, since some platforms need a reference kept. */
export async function openDevice(
  adapter: GPUAdapter,
  options: DeviceOptions,
): Promise<{ device: GPUDevice; host: Host }> {
  const description = describeAdapter(adapter);
  const requiredLimits: Record<string, number> = { ...description.limits, ...options.limits };
  const wanted: GPUFeatureName[] = ['timestamp-query', 'subgroups', 'shader-f16'];
  const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature));
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  const { name, software } = description;
  return { device, host: await createWebgpuHost(device, { ...options, deviceName: name, software }) };
}
