/** Plans: what each point is given of the budget, and what a dry run shows. */

import { describe, expect, it } from 'vitest';
import { KERNELS } from '../../kernels/index.ts';
import { budgetShare, plan } from '../../src/measure/plan.ts';
import { cases } from '../../src/problem/cases.ts';
import { flops } from '../../src/problem/flops.ts';
import { workload } from '../workloads.ts';

describe('plans', () => {
  const all = cases(
    [1024, 4096].flatMap((seqQuery) => [workload({ seqQuery }), workload({ seqQuery, mask: 'causal' })]),
  );

  it('give longer rows more of the budget, and all of it in the end', () => {
    let left = 1;
    const shares = all.map((_, index) => {
      const share = left * budgetShare(all, index);
      left -= share;
      return share;
    });
    expect(left).toBeCloseTo(0, 12);
    expect((shares[2] ?? 0) / (shares[0] ?? 1)).toBeCloseTo(2, 6);
    expect((shares[2] ?? 0) / (shares[3] ?? 1)).toBeCloseTo(Math.SQRT2, 3);
  });

  it('tell work, memory and, where it can be guessed, time', () => {
    const w = workload({ headDim: 128, seqQuery: 4096 });
    const planned = plan([w], KERNELS, 2);
    expect(planned).toHaveLength(KERNELS.length);
    expect(planned.every((testCase) => testCase.flops === flops(w))).toBe(true);
    expect(planned.find(({ kernel }) => kernel === 'wgsl-flash')?.passSeconds).toBeNull();
    expect(planned.find(({ kernel }) => kernel === 'wasm-flash')?.passSeconds).toBeGreaterThan(0);
  });
});
