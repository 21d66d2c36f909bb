/** What a kernel computes beside what counts: the basis of time-outs before anything has run. */

import { describe, expect, it } from 'vitest';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wasmFlash } from '../../kernels/wasm/flash.ts';
import { wgslFlash } from '../../kernels/wgsl/flash.ts';
import { computedFlops } from '../../src/host/computed-work.ts';
import { flops } from '../../src/problem/flops.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

const software = { ...TYPICAL_DEVICE, features: { ...TYPICAL_DEVICE.features, software: true } };
const factor = (w: Workload) => {
  const program = wgslFlash.build(w, software);
  return computedFlops(program, w, wholeSlice(w, program.blockRows)) / flops(w);
};

describe('computed FLOPs', () => {
  it('count all rows of a work tile for one query', () => {
    const w = workload({ seqQuery: 1, seqKv: 32768, headDim: 128, mask: 'causal' });
    expect(factor(w)).toBe(wgslFlash.build(w, software).blockRows);
    expect(factor(w)).toBeGreaterThanOrEqual(16);
  });

  it('count whole blocks of keys under a short window', () => {
    const w = workload({ seqQuery: 1, seqKv: 4096, headDim: 128, mask: 'causal', window: 4 });
    expect(factor(w)).toBe(wgslFlash.build(w, software).blockRows * 16);
  });

  it('are close to what counts in prefill', () => {
    const w = workload({ seqQuery: 4096, seqKv: 4096, headDim: 128 });
    expect(factor(w)).toBe(1);
    expect(factor({ ...w, mask: 'causal' })).toBeLessThan(1.05);
  });

  it('are what counts on a CPU', () => {
    const w = workload({ seqQuery: 1, seqKv: 32768, headDim: 128 });
    const program = wasmFlash.build(w, TYPICAL_DEVICE);
    expect(computedFlops(program, w, wholeSlice(w, program.blockRows))).toBe(flops(w));
  });
});
