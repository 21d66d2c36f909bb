/** What is read of a WebGPU adapter, from objects of Dawn's own: one written here would have the names that the code expects. */

import { describe, expect, it } from 'vitest';
import type { AdapterDescription } from '../../../src/host/gpu/adapter-description.ts';
import { onNullBackend } from './null-backend.ts';
import { describeOnGpu } from './software-gpu.ts';

describe('an adapter', () => {
  it('has a vendor among the attributes of its info, and the description has it', () => {
    const { attributes, vendor, description } = onNullBackend<{
      attributes: string[];
      vendor: string;
      description: AdapterDescription;
    }>(`
      const { describeAdapter } = await import('../../../src/host/gpu/adapter-description.ts');
      const attributes = Object.getOwnPropertyNames(Object.getPrototypeOf(adapter.info));
      return { attributes, vendor: adapter.info.vendor, description: describeAdapter(adapter) };`);
    expect(attributes).toContain('vendor');
    expect(description.vendor ?? '').toBe(vendor);
  });
});

await describeOnGpu('a host on an adapter', (host) => {
  it('has the vendor in the profile that kernels are built for', async () => {
    const { features, device } = await host.environment();
    expect(features.vendor).toMatch(device.name.includes('SwiftShader') ? /^google$/ : /^[a-z]/);
  });
});
