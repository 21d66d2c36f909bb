/** The Markdown of bench bringup: what it says first, its tables, and that it is short whatever a driver says. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import type { Environment } from '../../src/host/contract.ts';
import { type Bringup, type Check, type ComparedSide, nothingFound } from '../../src/measure/bringup/outcome.ts';
import { planFor, STEPS } from '../../src/measure/bringup/plan.ts';
import { likelySpills } from '../../src/measure/bringup/spills.ts';
import { labelOf, threadFloatsOf, threadsOf } from '../../src/measure/bringup/variants.ts';
import { bringupTexts } from '../../src/messages.ts';
import { bringupMarkdown } from '../../src/report/bringup-markdown.ts';
import { measured } from '../runs.ts';

const PLAN = planFor({ steps: null, quick: false, budgetSeconds: null, headDims: null }, false);

function environment(software: boolean): Environment {
  const clock = { clock: 'gpu-timestamp', quantumSeconds: 1e-9, emptySeconds: 5e-5, note: null } as const;
  return {
    ...TYPICAL_DEVICE,
    device: {
      ...{ name: 'Test GPU', backend: 'webgpu', software, features: ['shader-f16', 'subgroups'] },
      ...{ threads: null, variant: null, variantReason: null },
      clock: { ...clock, selfTest: { gpuSeconds: 0.02, wallSeconds: 0.021 } },
    },
    deviceLimits: { maxComputeWorkgroupStorageSize: 49152 },
    adapter: {
      ...{ vendor: 'acme', architecture: 'one', device: '0x1', description: 'ACME One, driver 7.1' },
      ...{ subgroupMinSize: 16, subgroupMaxSize: 32 },
    },
    listedMatrices: [{ m: 16, n: 16, k: 16, component: 'f16', result: 'f32', used: true, why: 'first' }],
  };
}

const right: Check = {
  ...{ kernel: 'wgsl-flash', configuration: null, headDim: 128, dtype: 'f32', mask: 'full' },
  ...{ state: 'right', reason: null, maxRelativeError: 1e-5, tolerance: 5e-5 },
};

/** All steps done on a device, with whatever a test wants different. */
const foundOf = (changes: Partial<Bringup> = {}): Bringup => ({
  ...nothingFound({
    startedAt: '2026-11-26T04:00:00.000Z',
    argv: ['bringup'],
    versions: { attnbench: '0.1.0', node: '26.10.0', webgpu: '0.6.2', platform: 'linux x64' },
  }),
  ...{ plan: PLAN, environment: environment(false), checks: [right, { ...right, mask: 'causal' }] },
  steps: STEPS.map(({ name }) => ({ step: name, seconds: 1, state: 'done', note: null })),
  ...changes,
});

/** A side of wgsl-flash that ran at so many times the rate of the first. */
function side(median: number | null, change: Record<string, number>): ComparedSide {
  const shipped = findKernel('wgsl-flash').tunable?.shipped(PLAN.compared, TYPICAL_DEVICE) ?? {};
  const configuration = { ...shipped, ...change };
  return {
    ...{ label: labelOf(shipped, configuration), kernel: 'wgsl-flash', configuration, settings: null, reason: null },
    ...{ threadFloats: threadFloatsOf(128, configuration), threads: threadsOf(configuration) },
    measurement: measured(PLAN.compared),
    ratio: median === null ? null : { median, low: median * 0.98, high: median * 1.02, rounds: 9 },
  };
}

const compared = (...sides: ComparedSide[]): Bringup['comparisons'] => [
  { step: 'tiles', workload: PLAN.compared, sides },
];

/** Lines under a heading. */
const under = (text: string, heading: string) =>
  (text.split(`**${heading}`)[1] ?? '').split('\n\n')[1]?.split('\n') ?? [];

describe('the Markdown of bench bringup', () => {
  it('names adapter, driver, versions, limits, matrices and clocks', () => {
    const text = bringupMarkdown(foundOf());
    expect(text).toMatch(/^## attnbench bring-up: Test GPU$/m);
    for (const part of [
      'acme, one, 0x1, ACME One, driver 7.1',
      'Node 26.10.0',
      'webgpu 0.6.2',
      'maxComputeWorkgroupStorageSize 48.0 KiB',
      '16x16x16 f16 to f32 (used)',
      'subgroups of 16 to 32',
      'self-test 20.0 ms by the GPU, 21.0 ms by the wall clock',
    ]) {
      expect(text).toContain(part);
    }
    expect(under(text, 'Look at first')).toEqual([expect.stringMatching(/^- Nothing stands out/)]);
  });

  it('has a line for each kernel and a cell for both masks', () => {
    const text = bringupMarkdown(foundOf());
    expect(text).toContain('| wgsl-flash | right, 20 % |');
  });

  it('says what is wrong first, and counts no mask of it as right', () => {
    const reason = 'wrong result: relative error 1.0e-1';
    const wrong: Check = { ...right, mask: 'causal', state: 'wrong', reason, maxRelativeError: 0.1 };
    const text = bringupMarkdown(
      foundOf({ checks: [right, wrong], comparisons: compared(side(null, {}), side(2, { rows: 4 })) }),
    );
    expect(under(text, 'Look at first')[0]).toBe(`- wgsl-flash, d 128 f32 causal: ${reason}. It was not timed.`);
    expect(text).toContain('| wgsl-flash | **WRONG** causal (1) |');
    expect(text).toContain(`- (1) ${reason}`);
  });

  it('keeps what one mask gave where the other was not checked, and names that one', () => {
    const skipped: Check = { ...right, mask: 'causal', state: 'skipped', reason: 'no time', maxRelativeError: null };
    const text = bringupMarkdown(foundOf({ checks: [right, skipped] }));
    expect(text).toContain('| wgsl-flash | right, 20 %; causal – (1) |');
    expect(bringupMarkdown(foundOf({ checks: [skipped] }))).toContain('| wgsl-flash | – (1) |');
  });

  it('gives ratios with intervals, and what is surely faster with what to do', () => {
    const text = bringupMarkdown(foundOf({ comparisons: compared(side(null, {}), side(1.5, { rows: 4 })) }));
    expect(text).toMatch(/\| 8x8 threads of 4x8 \| 100 GFLOPS \| 1\.50 \[1\.47, 1\.53\] \| 9 \|/);
    expect(under(text, 'Look at first')[0]).toMatch(/is 1\.50x faster \[1\.47, 1\.53\].*bench tune/);
  });

  it('names a sudden drop beside a smaller neighbour a likely register spill, but not where a CPU emulates the GPU', () => {
    const comparisons = compared(side(null, { rows: 4 }), side(0.4, {}));
    expect(bringupMarkdown(foundOf({ comparisons }))).toMatch(
      /"8x8 threads of 8x8" runs at 0\.400 of .*likely a register spill/,
    );
    const software = bringupMarkdown(foundOf({ comparisons, environment: environment(true) }));
    expect(software).not.toContain('spill');
    expect(software).toContain('A CPU emulates this adapter');
  });

  it('keeps what a driver says to a line, and makes no table of it', () => {
    const reason = `compiler | error <b>\n${'line\n'.repeat(500)}`;
    const failed: Check = { ...right, state: 'failed', reason, maxRelativeError: null, tolerance: null };
    const text = bringupMarkdown(foundOf({ checks: [failed] }));
    expect(text).toContain('compiler \\| error &lt;b>');
    expect(text.split('\n').length).toBeLessThan(60);
  });

  it('can be made at any moment, and says what is still to do', () => {
    const text = bringupMarkdown(foundOf({ environment: null, plan: null, checks: [], steps: [] }));
    expect(text).toContain('bring-up: no device');
    expect(text).toMatch(/still to do: devices, verify/);
  });

  it('gathers the steps that were not asked for', () => {
    const steps: Bringup['steps'] = [
      { step: 'devices', seconds: 1, state: 'done', note: null },
      { step: 'tiles', seconds: 0, state: 'skipped', reason: bringupTexts.notAskedFor },
      { step: 'matrix', seconds: 0, state: 'skipped', reason: 'no matrices' },
      { step: 'peers', seconds: 0, state: 'skipped', reason: bringupTexts.notAskedFor },
    ];
    const text = bringupMarkdown(foundOf({ steps }));
    expect(text).toMatch(/^- matrix: skipped, no matrices\n- not asked for: tiles, peers$/m);
  });
});

describe('likely spills', () => {
  const spillsOf = (...sides: ComparedSide[]) =>
    likelySpills({ step: 'tiles', workload: PLAN.compared, sides }).map(({ label }) => label);

  it('are drops to less than 0.6 of the nearest smaller tile', () => {
    expect(spillsOf(side(null, { rows: 4 }), side(0.5, {}))).toEqual(['8x8 threads of 8x8']);
    expect(spillsOf(side(null, { rows: 4 }), side(0.7, {}))).toEqual([]);
  });

  it('are no tiles that are slower for being small', () => {
    expect(spillsOf(side(null, {}), side(0.3, { rows: 4 }))).toEqual([]);
  });

  it('are tiles of as many floats with more threads, too', () => {
    expect(spillsOf(side(null, {}), side(0.3, { threadRows: 16 }))).toEqual(['16x8 threads of 8x8']);
  });

  it('need both intervals to say so', () => {
    const unsure = side(0.5, {});
    const ratio = { median: 0.5, low: 0.3, high: 0.8, rounds: 6 };
    expect(spillsOf(side(null, { rows: 4 }), { ...unsure, ratio })).toEqual([]);
  });
});
