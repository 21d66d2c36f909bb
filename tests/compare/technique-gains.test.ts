/** Gains of the techniques: which way round each ratio is read, and what stands beside it. */

import { describe, expect, it } from 'vitest';
import { ablationGains } from '../../src/compare/technique-gains.ts';
import { noGain } from '../../src/messages.ts';
import type { RunDocument } from '../../src/record/measurement.ts';
import { ablationCells } from '../../src/report/ablation-text.ts';
import { workload } from '../workloads.ts';

function run(kernel: string, baseline: string, ratio: number, mask: 'full' | 'causal' = 'full'): RunDocument {
  const w = workload({ seqQuery: 2048, headDim: 128, mask });
  const bounds = { low: ratio * 0.9, high: ratio * 1.1 };
  return {
    schema: 'attnbench/1',
    context: { argv: [], label: null, startedAt: '', versions: {}, seed: 1, devices: [], cancelled: false },
    measurements: [],
    comparisons: [],
    ratios: [{ kernel, baseline, workload: w, threads: 2, device: 0, ratio, ...bounds }],
  };
}

describe('ablationGains', () => {
  it('an ablation that runs at 0.8 of the tuned kernel: the technique gains 25 %', () => {
    const [gain] = ablationGains(run('wasm-flash-branch', 'wasm-flash-maxima', 0.8));
    expect(gain).toMatchObject({
      technique: 'branchless',
      on: 'wasm-flash-maxima',
      off: 'wasm-flash-branch',
      published: 8.1,
    });
    expect(gain?.gain).toBeCloseTo(25, 10);
    expect(gain?.low).toBeCloseTo(100 * (1 / 0.88 - 1), 10);
    expect(gain?.high).toBeCloseTo(100 * (1 / 0.72 - 1), 10);
  });

  it('the overlap is an option switched on: 1.05 of the tuned kernel gains 5 %', () => {
    const [gain] = ablationGains(run('wgsl-flash-overlap', 'wgsl-flash', 1.05, 'causal'));
    expect(gain).toMatchObject({ on: 'wgsl-flash-overlap', off: 'wgsl-flash', published: 0.4, backend: 'webgpu' });
    expect(gain?.gain).toBeCloseTo(5, 10);
  });

  it('other ratios are no techniques, nor are kernels that this version does not know', () => {
    expect(ablationGains(run('wasm-flash', 'ort-native', 0.8))).toEqual([]);
    expect(ablationGains(run('wasm-flash-branch', 'ort-native', 0.8))).toEqual([]);
    // As in records before both sides took running maxima: there the branch was never taken.
    expect(ablationGains(run('wasm-flash-branch', 'wasm-flash', 0.8))).toEqual([]);
    expect(ablationGains(run('wasm-flash-of-tomorrow', 'wasm-flash', 0.8))).toEqual([]);
    expect(ablationCells(run('wasm-flash', 'ort-native', 0.8))).toBeNull();
  });

  it('each gain comes with its reason', () => {
    const found = ablationCells(run('wasm-flash-large', 'wasm-flash', 0.7));
    expect(found?.cells[1]).toContain('+2.1 %');
    expect(found?.reasons).toHaveLength(1);
    expect(found?.reasons[0]).toMatch(/^register budget, wasm: The local idea is another one: on B200/);
  });

  it('tells no gain without an interval', () => {
    const whole = run('wasm-flash-large', 'wasm-flash', 0.7);
    const bare = { ...whole, ratios: whole.ratios.map(({ low: _, high: __, ...ratio }) => ratio) };
    expect(ablationCells(whole)?.cells[1]).toContainEqual(expect.stringMatching(/^\+42\.9 % \[/));
    const row = ablationCells(bare)?.cells[1] ?? [];
    expect(row).toContain(noGain);
    expect(row.join(' ')).not.toContain('42.9');
  });
});
