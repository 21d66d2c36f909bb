/** The adapter that WGSL is tested on: the hardware's, or the software adapter of the development install. */

import { afterAll, describe, it } from 'vitest';
import { type ChildHost, spawnHost } from '../../../src/host/node/spawn.ts';
import { softwareEnvironment } from '../../../src/host/node/targets.ts';
import { messageOf } from '../../../src/messages.ts';

export interface SoftwareGpuOptions {
  /** Skips the test of the clocks, which few tests need. */
  untimed?: boolean;
  /** Limits below the device's own to keep to. */
  limits?: Record<string, number>;
}

/** Opens a host on that adapter. Rejects with the reason where there is none. */
export async function openSoftwareGpu({ untimed = true, limits = {} }: SoftwareGpuOptions = {}): Promise<ChildHost> {
  const env = await softwareEnvironment(true);
  const options = { adapter: null, allowSoftware: true, limits };
  return spawnHost({ role: { backend: 'webgpu', options, untimed }, flags: [], env });
}

/**
 * Declares tests that share one host, and with it the programs that it has compiled. Without an adapter they are skipped, and the reason
 * is written to stderr. Await it at the top of a test file.
 */
export async function describeOnGpu(
  name: string,
  body: (host: ChildHost) => void,
  options: SoftwareGpuOptions = {},
): Promise<void> {
  let host: ChildHost;
  try {
    host = await openSoftwareGpu(options);
  } catch (error) {
    process.stderr.write(`${name}: skipped, ${messageOf(error)}\n`);
    describe.skip(name, () => it('needs a WebGPU adapter', () => {}));
    return;
  }
  describe(name, () => {
    afterAll(() => host.close());
    body(host);
  });
}
