/** The plan of bench bringup: sizes for the device, shares of the budget, and which configurations are compared. */

import { describe, expect, it } from 'vitest';
import type { SubgroupMatrix } from '../../../kernels/device.ts';
import { findKernel } from '../../../kernels/index.ts';
import { distance, sameConfiguration } from '../../../kernels/tunable.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import {
  checkWorkload,
  type PlanRequest,
  planFor,
  STEPS,
  square,
  stepSeconds,
  TIMED_STEPS,
} from '../../../src/measure/bringup/plan.ts';
import { matrixVariants, threadsOf, tileVariants } from '../../../src/measure/bringup/variants.ts';
import { flops } from '../../../src/problem/flops.ts';
import { SQUARE } from '../../kernels/matrix-features.ts';

const MATRIX: SubgroupMatrix = { shapes: [SQUARE], threads: 32, spelling: 'template' };
const ANY: PlanRequest = { steps: null, quick: false, budgetSeconds: null, headDims: null };

describe('the plan', () => {
  it('of a GPU checks head dimensions 64, 128 and 256 in both types under both masks', () => {
    const plan = planFor(ANY, false);
    expect(plan.headDims.toSorted((a, b) => a - b)).toEqual([64, 128, 256]);
    expect(plan).toMatchObject({ quick: false, dtypes: ['f32', 'f16'], masks: ['full', 'causal'] });
    expect(plan.compared).toMatchObject({ seqQuery: 4096, headDim: 128 });
    expect(plan.longest).toMatchObject({ seqQuery: 32768, headDim: 128 });
    expect(plan.submissions).toEqual([0.05, 0.1, 0.25, 1]);
  });

  it.each([
    ['a software adapter', ANY, true],
    ['--quick', { ...ANY, quick: true }, false],
    ['a small budget', { ...ANY, budgetSeconds: 60 }, false],
  ] as const)('is quick for %s', (_, request, software) => {
    const [quick, whole] = [planFor(request, software), planFor(ANY, false)];
    expect(quick.quick).toBe(true);
    expect(quick.headDims.length).toBeLessThan(whole.headDims.length);
    expect(quick.mostVariants).toBeLessThan(whole.mostVariants);
    expect(flops(quick.longest)).toBeLessThan(flops(whole.longest));
  });

  it('is small on a software adapter, whatever the budget', () => {
    const plan = planFor({ ...ANY, budgetSeconds: 1e5 }, true);
    expect(plan).toMatchObject({ quick: true, budgetSeconds: 1e5 });
    // A second or so at 1 GFLOPS.
    for (const workload of [plan.compared, plan.longest]) expect(flops(workload)).toBeLessThan(2e9);
  });

  it('compares at 128, or at the largest head dimension that is wanted, and checks that first', () => {
    const dims = (headDims: number[]) => planFor({ ...ANY, headDims }, false);
    expect(dims([256, 64, 128])).toMatchObject({ headDims: [128, 256, 64], compared: { headDim: 128 } });
    expect(dims([32, 64])).toMatchObject({ headDims: [64, 32], compared: { headDim: 64 } });
  });

  it('never leaves out the device and the checks', () => {
    expect(planFor({ ...ANY, steps: ['robustness'] }, false).steps).toEqual(['devices', 'verify', 'robustness']);
    expect(planFor(ANY, false).steps).toEqual(STEPS.map(({ name }) => name));
    expect(TIMED_STEPS).not.toContain('verify');
  });

  it('checks lengths that fill no block', () => {
    for (const software of [true, false]) {
      const plan = planFor(ANY, software);
      const { seqQuery, seqKv } = checkWorkload(plan, 64, 'f16', 'causal');
      for (const block of [8, 16, 32, 64, 96]) expect([seqQuery % block, seqKv % block]).not.toContain(0);
    }
  });

  it('shares the budget out: what a step leaves is for those after it, and the last may have all', () => {
    const plan = planFor(ANY, false);
    let left = plan.budgetSeconds;
    for (const step of plan.steps) {
      const seconds = stepSeconds(plan, step, left);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThanOrEqual(left);
      left -= seconds;
    }
    expect(left).toBeCloseTo(0, 9);
    expect(stepSeconds(plan, 'matrix', -5)).toBe(0);
  });
});

describe('the configurations of wgsl-flash', () => {
  const kernel = findKernel('wgsl-flash');
  const w = square(4096, 16, 128);
  const variants = tileVariants(kernel, w, TYPICAL_DEVICE, 20);
  const threads = variants.map(({ configuration }) => threadsOf(configuration));

  it('cover every usual number of threads beside the shipped one, and small tiles', () => {
    const shipped = kernel.tunable?.shipped(w, TYPICAL_DEVICE) ?? {};
    expect([...threads, threadsOf(shipped)]).toEqual(expect.arrayContaining([64, 128, 256]));
    for (const vendor of ['apple', 'intel']) {
      const features = { ...TYPICAL_DEVICE.features, vendor };
      const small = kernel.tunable?.shipped(w, { ...TYPICAL_DEVICE, features }) ?? {};
      expect(variants.some(({ configuration }) => sameConfiguration(configuration, small))).toBe(true);
    }
    expect(variants.every(({ configuration }) => !sameConfiguration(configuration, shipped))).toBe(true);
  });

  it('change every way to stage once, alone', () => {
    const shipped = kernel.tunable?.shipped(w, TYPICAL_DEVICE) ?? {};
    const alone = variants.filter(({ configuration }) => distance(configuration, shipped) === 1);
    for (const field of ['layout', 'values', 'chunk', 'unroll']) {
      expect(alone.filter(({ configuration }) => configuration[field] !== shipped[field])).toHaveLength(1);
    }
  });

  it('differ from one another, and so do their labels', () => {
    const texts = variants.map(({ configuration }) => JSON.stringify(configuration));
    expect(new Set(texts).size).toBe(variants.length);
    expect(new Set(variants.map(({ label }) => label)).size).toBe(variants.length);
  });

  it('are as few as wanted, all possible on the device, and none of a kernel without a choice', () => {
    expect(tileVariants(kernel, w, TYPICAL_DEVICE, 2)).toHaveLength(2);
    for (const { configuration } of variants) {
      expect(kernel.tunable?.problem(configuration, w, TYPICAL_DEVICE)).toBeUndefined();
    }
    expect(tileVariants(findKernel('wgsl-naive'), w, TYPICAL_DEVICE, 8)).toEqual([]);
  });
});

describe('the configurations of wgsl-matrix', () => {
  const kernel = findKernel('wgsl-matrix');
  const device = {
    limits: { ...TYPICAL_DEVICE.limits, workgroupMemoryBytes: 49152, workgroupInvocations: 1024 },
    features: { ...TYPICAL_DEVICE.features, f16: true, subgroupMatrix: MATRIX },
  };
  const w = { ...square(4096, 16, 128), dtype: 'f16' } as const;

  const shipped = kernel.tunable?.shipped(w, device) ?? {};
  const fieldsOf = (most: number) =>
    matrixVariants(kernel, w, device, most).map(({ configuration }) =>
      Object.keys(shipped).filter((field) => configuration[field] !== shipped[field]),
    );

  it('change one field of the shipped one: subgroups, where K and V are and paddings before others', () => {
    expect(shipped).toMatchObject({ subgroups: 4, team: 1, k: 'staged', v: 'staged', padding: 'vector' });
    expect(fieldsOf(4)).toEqual([['subgroups'], ['k'], ['v'], ['padding']]);
    expect(fieldsOf(3)).toEqual(fieldsOf(4).slice(0, 3));
    expect(fieldsOf(20).every((fields) => fields.length === 1)).toBe(true);
  });

  it('of the whole plan are all that there are, with 1, 2 and 4 subgroups: 8 take too much workgroup memory', () => {
    const { mostVariants } = planFor(ANY, false);
    const variants = matrixVariants(kernel, w, device, mostVariants);
    expect(variants).toEqual(matrixVariants(kernel, w, device, 100));
    expect(new Set(variants.map(({ configuration }) => configuration['subgroups']))).toEqual(new Set([4, 1, 2]));
  });
});
