/** The steps of bench bringup on mock hosts: their order, a failed one, a wrong kernel, the budget, an interrupt. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../../kernels/index.ts';
import type { Engine } from '../../../kernels/kernel.ts';
import { createMockHost, parseMockOptions } from '../../../src/host/mock.ts';
import type { GpuSettings } from '../../../src/host/role.ts';
import { openTarget, type Target } from '../../../src/host/target.ts';
import type { Bringup } from '../../../src/measure/bringup/outcome.ts';
import { type BringupRequest, bringUp } from '../../../src/measure/bringup/run.ts';
import type { BringupEvent } from '../../../src/measure/bringup/running.ts';

const NAMES = ['devices', 'verify', 'ceilings', 'tiles', 'submissions', 'robustness', 'matrix', 'peers'];

/** Opens mock GPUs, which count as emulated so that sizes are small, and keeps the settings that they were asked for. */
function opener(mock = 'rate=1e11', library = mock) {
  const asked: (GpuSettings | undefined)[] = [];
  const open = async (engine: Engine, settings?: GpuSettings): Promise<Target> => {
    asked.push(settings);
    const options = parseMockOptions(engine.library === undefined ? mock : library);
    const target = await openTarget({ host: 'mock', open: async () => createMockHost(engine, options) });
    if (target.state === 'unavailable') return target;
    const { environment } = target;
    return { ...target, environment: { ...environment, device: { ...environment.device, software: true } } };
  };
  return { open, asked };
}

const request = (changes: Partial<BringupRequest> = {}): BringupRequest => ({
  plan: { steps: null, quick: true, budgetSeconds: 1000, headDims: [32] },
  kernels: [findKernel('wgsl-flash'), findKernel('wgsl-naive'), findKernel('wgsl-matrix')],
  open: opener().open,
  about: { startedAt: '2026-11-26T00:00:00.000Z', argv: ['bringup'], versions: {} },
  signal: new AbortController().signal,
  ...changes,
});

/** Runs it to its end; `seen` hears every event. */
async function foundBy(changes: Partial<BringupRequest>, seen: (event: BringupEvent) => void = () => {}) {
  let last: Bringup | undefined;
  for await (const event of bringUp(request(changes))) {
    seen(event);
    if (event.kind === 'kept') last = event.found;
  }
  if (last === undefined) throw new Error('nothing was found');
  return last;
}

const stateOf = (found: Bringup, name: string) => found.steps.find(({ step }) => step === name);

describe('bench bringup', async () => {
  const { open, asked } = opener();
  let checksWhenTimed: number | undefined;
  const found = await foundBy({ open }, (event) => {
    if (event.kind === 'kept' && event.found.comparisons.length > 0) checksWhenTimed ??= event.found.checks.length;
  });

  it('does its steps in order; one that fails loses no other', () => {
    expect(found.steps.map(({ step }) => step)).toEqual(NAMES);
    // A mock has no probes.
    expect(stateOf(found, 'ceilings')).toMatchObject({ state: 'failed', reason: expect.stringMatching(/wgsl-/) });
    expect(stateOf(found, 'matrix')).toMatchObject({ state: 'skipped', reason: expect.stringMatching(/matrices/) });
    for (const name of ['devices', 'verify', 'tiles', 'submissions', 'robustness', 'peers']) {
      expect(stateOf(found, name)).toMatchObject({ state: 'done' });
    }
    expect(found.comparisons.map(({ step }) => step)).toEqual(['tiles', 'submissions', 'robustness', 'peers']);
    expect(asked).toEqual([
      undefined,
      { submissionSeconds: 0.05 },
      { submissionSeconds: 0.1 },
      { submissionSeconds: 0.25 },
      { robustness: false },
      undefined,
    ]);
  });

  it('divides every side by the first, round by round, with an interval', () => {
    const { comparisons } = found;
    for (const { sides } of comparisons) {
      const [base, ...others] = sides;
      expect(base).toMatchObject({ ratio: null, reason: null, measurement: { state: 'measured' } });
      expect(others.length).toBeGreaterThan(0);
      for (const { ratio } of others) expect(ratio).toMatchObject({ median: 1, low: 1, high: 1 });
    }
    const tiles = comparisons.find(({ step }) => step === 'tiles')?.sides ?? [];
    expect(tiles.every(({ configuration, threads, threadFloats }) => configuration && threads && threadFloats)).toBe(
      true,
    );
  });

  it('checks every kernel and configuration before it times any', () => {
    expect(checksWhenTimed).toBe(found.checks.length);
    const shipped = found.checks.filter(({ configuration }) => configuration === null);
    expect(shipped).toHaveLength(3 * 2 * 2);
    const compared = found.comparisons.flatMap(({ step, sides }) => (step === 'tiles' ? sides.slice(1) : []));
    for (const { configuration } of compared) {
      expect(found.checks).toContainEqual(expect.objectContaining({ configuration, state: 'right', mask: 'full' }));
      expect(found.checks).toContainEqual(expect.objectContaining({ configuration, state: 'right', mask: 'causal' }));
    }
  });

  it('times nothing that is wrong', async () => {
    const own = await foundBy({ open: opener('rate=1e11,webgpu=wrong').open });
    expect(stateOf(own, 'verify')).toMatchObject({ state: 'failed', reason: expect.stringMatching(/wrong result/) });
    expect(own.checks.some(({ state }) => state === 'wrong')).toBe(true);
    expect(own.comparisons).toEqual([]);
    expect(stateOf(own, 'tiles')).toMatchObject({
      state: 'skipped',
      reason: expect.stringMatching(/not timed: wrong/),
    });
  });

  it('fails where a device that is opened otherwise gives a wrong result, and does not time it', async () => {
    const usual = opener();
    const wrong = opener('rate=1e11,webgpu=wrong');
    const own = await foundBy({
      plan: { ...request().plan, steps: ['robustness'] },
      open: (engine, settings) => (settings === undefined ? usual : wrong).open(engine, settings),
    });
    expect(stateOf(own, 'verify')).toMatchObject({ state: 'done' });
    expect(stateOf(own, 'robustness')).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^unguarded: not timed: wrong/),
    });
    expect(own.comparisons).toEqual([]);
  });

  it('keeps what it found where a side fails', async () => {
    const own = await foundBy({ open: opener('rate=1e11', 'onnxruntime=fail').open });
    expect(stateOf(own, 'peers')).toMatchObject({ state: 'failed', reason: expect.stringMatching(/told to fail/) });
    expect(stateOf(own, 'robustness')).toMatchObject({ state: 'done' });
  });

  it('says why without a device, and skips the rest', async () => {
    const nowhere = async (): Promise<Target> => ({ state: 'unavailable', host: 'node', reason: 'no adapter' });
    const own = await foundBy({ open: nowhere });
    expect(own.steps[0]).toMatchObject({ state: 'failed', reason: 'no adapter' });
    for (const step of own.steps.slice(1)) {
      expect(step).toMatchObject({ state: 'skipped', reason: expect.stringContaining('no adapter') });
    }
  });

  it('times nothing that the budget left unchecked', async () => {
    const own = await foundBy({ plan: { ...request().plan, budgetSeconds: 1e-9 } });
    expect(own.steps[1]).toMatchObject({ state: 'skipped', reason: expect.stringMatching(/budget .* spent/) });
    expect(own.comparisons).toEqual([]);
  });

  it('ends with an interrupt, and keeps what it had', async () => {
    const controller = new AbortController();
    const own = await foundBy({ signal: controller.signal }, (event) => {
      if (event.kind === 'kept' && event.found.checks.length === 3) controller.abort();
    });
    expect(own.cancelled).toBe(true);
    expect(own.checks).toHaveLength(3);
    expect(own.steps.map(({ state }) => state)).toEqual(['done', ...NAMES.slice(1).map(() => 'skipped')]);
  });
});
