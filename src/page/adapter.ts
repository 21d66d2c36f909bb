/** The WebGPU adapter of this browser: the fastest, or a software one if that is allowed. */

import { type AdapterDescription, describeAdapter } from '../host/gpu/adapter-description.ts';

type Found = { adapter: GPUAdapter; description: AdapterDescription } | { adapter: null; description: null };

/** The adapter of this browser and what it is; null twice if there is none. */
export async function findAdapter(allowSoftware: boolean): Promise<Found> {
  const adapter =
    (await navigator.gpu.requestAdapter({ powerPreference: 'high-performance' })) ??
    (allowSoftware ? await navigator.gpu.requestAdapter({ forceFallbackAdapter: true }) : null);
  return adapter === null ? { adapter, description: null } : { adapter, description: describeAdapter(adapter) };
}
