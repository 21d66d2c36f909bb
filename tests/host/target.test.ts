/** Targets as their openers describe them, and the reason where there is none. */

import { describe, expect, it } from 'vitest';
import { openBrowserTarget } from '../../src/host/browser-target.ts';
import { createMockHost, parseMockOptions } from '../../src/host/mock.ts';
import type { HostRole } from '../../src/host/role.ts';
import { type KillableHost, openTarget } from '../../src/host/target.ts';

/** Mock hosts of any role, with how many were opened and how many closed. */
function mocks() {
  const counts = { opened: 0, closed: 0 };
  const open = async ({ backend }: HostRole): Promise<KillableHost> => {
    counts.opened += 1;
    const close = async () => {
      counts.closed += 1;
    };
    return { ...createMockHost({ backend }, parseMockOptions('')), close };
  };
  return { open, counts };
}

describe('a target', () => {
  it('is its device as the host finds it, with what only its opener knows', async () => {
    const { open } = mocks();
    const target = await openTarget({
      host: 'browser',
      open: () => open({ backend: 'scalar' }),
      browser: 'A browser 1',
      variant: { variant: 'simd', reason: 'asked for' },
      nameOf: ({ name }) => `${name}, browser 2`,
    });
    if (target.state === 'unavailable') throw new Error(target.reason);
    expect(target.environment.device).toMatchObject({
      ...{ name: 'Mock device, browser 2', browser: 'A browser 1', threads: 1 },
      ...{ variant: 'simd', variantReason: 'asked for' },
    });
  });

  it('hands out the host that told the environment first, and closes it where nobody took it', async () => {
    const { open, counts } = mocks();
    const target = await openTarget({ host: 'mock', open: () => open({ backend: 'scalar' }) });
    if (target.state === 'unavailable') throw new Error(target.reason);
    await target.open();
    expect(counts).toEqual({ opened: 1, closed: 0 });
    await target.close();
    expect(counts).toEqual({ opened: 1, closed: 0 });
    await target.open();
    expect(counts.opened).toBe(2);
    const unused = await openTarget({ host: 'mock', open: () => open({ backend: 'scalar' }) });
    if (unused.state === 'open') await unused.close();
    expect(counts).toEqual({ opened: 3, closed: 1 });
  });

  it('says why it cannot be opened', async () => {
    const target = await openTarget({ host: 'node', open: () => Promise.reject(new Error('no such device')) });
    expect(target).toEqual({ state: 'unavailable', host: 'node', reason: 'no such device' });
  });
});

describe('a target in a browser', () => {
  const options = { browser: 'A browser 1', threads: 2, variant: 'simd' as const };
  const webgpu = { adapter: null, allowSoftware: false, limits: {} };

  it("takes the CPU's name where that is known, and a number where there are several browsers", async () => {
    const nameOf = async (backend: 'wasm' | 'webgpu', cpu: string | null, number: number | null) => {
      const target = await openBrowserTarget({ backend }, mocks().open, { ...options, webgpu, cpu, number });
      return target.state === 'open' && target.environment.device.name;
    };
    expect(await nameOf('wasm', 'A CPU', null)).toBe('A CPU');
    expect(await nameOf('wasm', null, 2)).toBe('Mock device, browser 2');
    expect(await nameOf('webgpu', 'A CPU', 2)).toBe('Mock device, browser 2');
  });

  it('is not there for a library of machine code', async () => {
    const { open, counts } = mocks();
    const engine = { backend: 'native', library: 'onnxruntime' } as const;
    const target = await openBrowserTarget(engine, open, { ...options, webgpu, cpu: null, number: null });
    expect(target).toMatchObject({ state: 'unavailable', host: 'browser' });
    expect(counts.opened).toBe(0);
  });
});
