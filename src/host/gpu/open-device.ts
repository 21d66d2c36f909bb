/** A WebGPU adapter, wherever it comes from: what it is, and a host on a device of it with all the limits that it offers. */

import type { SubgroupMatrix } from '../../../kernels/device.ts';
import { MATRIX_DIRECTIVE, type MatrixSpelling, matrixText } from '../../../kernels/wgsl/matrix-text.ts';
import type { Host } from '../contract.ts';
import { createWebgpuHost } from './webgpu-host.ts';

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
  const wanted = ['timestamp-query', 'subgroups', 'shader-f16', SUBGROUP_MATRIX];
  const requiredFeatures = wanted.filter((feature) => adapter.features.has(feature)) as GPUFeatureName[];
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures });
  const { name, software } = description;
  const subgroupMatrix = adapter.features.has(SUBGROUP_MATRIX)
    ? readSubgroupMatrix(adapter.info, await spellingOf(device))
    : undefined;
  return { device, host: await createWebgpuHost(device, { ...options, deviceName: name, software, subgroupMatrix }) };
}

const SUBGROUP_MATRIX = 'chromium-experimental-subgroup-matrix';

/** What Chromium adds to an adapter's info with that feature. */
interface MatrixInfo {
  subgroupMaxSize?: number;
  subgroupMatrixConfigs?: { componentType: string; resultType: string; M: number; N: number; K: number }[];
}

/** The shapes that kernels can use, as an adapter lists them; undefined where there are none. */
export function readSubgroupMatrix(info: MatrixInfo, spelling: MatrixSpelling | undefined): SubgroupMatrix | undefined {
  const shapes = (info.subgroupMatrixConfigs ?? []).flatMap(({ componentType, resultType, M, N, K }) =>
    resultType === 'f32' && (componentType === 'f32' || componentType === 'f16')
      ? [{ m: M, n: N, k: K, component: componentType as 'f32' | 'f16' }]
      : [],
  );
  const threads = info.subgroupMaxSize ?? 0;
  return spelling === undefined || shapes.length === 0 || threads === 0 ? undefined : { shapes, threads, spelling };
}

/** The spelling of subgroup matrices that a device's compiler takes, found by compiling one load in each. */
async function spellingOf(device: GPUDevice): Promise<MatrixSpelling | undefined> {
  for (const spelling of ['template', 'argument'] as const) {
    const array = { name: 'values', component: 'f32', length: 64 } as const;
    const load = matrixText({ m: 8, n: 8, k: 8, component: 'f32' }, spelling, 64).load('left', array, '0u', 8);
    device.pushErrorScope('validation');
    device.createShaderModule({
      code: `${MATRIX_DIRECTIVE}
var<workgroup> values: array<f32, 64>;
@compute @workgroup_size(64) fn main() { let matrix = ${load}; }`,
    });
    if ((await device.popErrorScope()) === null) return spelling;
  }
  return undefined;
}
