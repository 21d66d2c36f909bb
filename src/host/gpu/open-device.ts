/**
 * Opens a device of a WebGPU adapter, wherever that comes from, with all the limits that it offers, and a host on it.
 */

import type { Host } from '../contract.ts';
import { describeAdapter } from './adapter-description.ts';
import { findSpelling, readSubgroupMatrix, SUBGROUP_MATRIX } from './subgroup-matrix.ts';
import { createWebgpuHost } from './webgpu-host.ts';

/** What a device is opened for. */
export interface DeviceOptions {
  /** Limits to ask for below the adapter's own, by name. */
  limits: Record<string, number>;
  /** Seconds that a submission aims at. */
  submissionSeconds: number;
  /** Memory that tensors may take in all, bytes. */
  memoryBytes: number;
  /** Skip the test of the clocks: nothing will be timed. */
  untimed: boolean;
  /** Called when the device is lost: its host cannot run anything again. */
  onLost: (reason: string) => void;
}

/** Opens a device of the adapter and a host on it. Both are given back, since some platforms need a reference kept. */
export async function openDevice(
  adapter: GPUAdapter,
  options: DeviceOptions,
): Promise<{ device: GPUDevice; host: Host }> {
  const description = describeAdapter(adapter);
  const requiredLimits: Record<string, number> = { ...description.limits, ...options.limits };
  const wanted = ['timestamp-query', 'subgroups', 'shader-f16', SUBGROUP_MATRIX];
  const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[];
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  const { name, vendor, info, software } = description;
  const matrices = adapter.features.has(SUBGROUP_MATRIX)
    ? readSubgroupMatrix(adapter.info, await findSpelling(device))
    : undefined;
  return {
    device,
    host: await createWebgpuHost(device, { ...options, deviceName: name, vendor, info, software, matrices }),
  };
}
