/** What this Node's V8 is asked by a process that something ends: asked once more, and then only WebAssembly is not there. */

import type * as processes from 'node:child_process';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';

const asked = vi.fn<(args: readonly string[]) => string>();
vi.mock('node:child_process', async (original) => ({
  ...(await original<typeof processes>()),
  execFileSync: (_: string, args: readonly string[]) => asked(args),
}));

const ended = () => {
  throw new Error('Command failed: node --v8-options');
};

beforeEach(() => {
  vi.resetModules();
  asked.mockReset();
});
afterEach(() => {
  expect(asked).toHaveBeenCalledWith(['--v8-options']);
});

it('asks once more where the first process has ended without an answer', async () => {
  asked.mockImplementationOnce(ended).mockReturnValue('  --wasm-revectorize (a flag)\n');
  const { revectorizeFlag } = await import('../../src/host/node/flags.ts');
  expect(revectorizeFlag()).toBe('--wasm-revectorize');
  expect(asked).toHaveBeenCalledTimes(2);
});

it('is the reason why WebAssembly is not there where the second has too', async () => {
  asked.mockImplementation(ended);
  const { nodeTarget } = await import('../../src/host/node/targets.ts');
  const webgpu = { adapter: null, allowSoftware: false, limits: {} };
  const target = await nodeTarget({ backend: 'wasm' }, { threads: 1, variant: null, webgpu });
  expect(target).toEqual({ state: 'unavailable', host: 'node', reason: 'Command failed: node --v8-options' });
});
