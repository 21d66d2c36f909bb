/** Roofline numbers checked by hand, FA4's own among them. */

import { describe, expect, it } from 'vitest';
import { B200, ratesOf } from '../../src/model/chip.ts';
import { predictLocal } from '../../src/model/local.ts';
import { demandOf, roofline, tileDemand } from '../../src/model/roofline.ts';
import type { Workload } from '../../src/problem/workload.ts';

const mha = (seq: number, mask: 'full' | 'causal'): Workload => ({
  batch: 32768 / seq,
  queryHeads: 16,
  kvHeads: 16,
  headDim: 128,
  seqQuery: seq,
  seqKv: seq,
  mask,
  window: null,
  dtype: 'bf16',
  scale: 1 / Math.sqrt(128),
});

/** Clocks on one multiprocessor. */
const clocks = (rows: number) => {
  const { multiplyAdd, exponential, onChip } = tileDemand(rows, 128, 128, 128, 2);
  return [multiplyAdd / 8192, exponential / 16, onChip / 128];
};

describe('a tile on B200', () => {
  it("takes the FA4 paper's clocks: products, exponentials, shared memory", () => {
    expect(clocks(128)).toEqual([1024, 1024, 768]);
    expect(clocks(256)).toEqual([2048, 2048, 1536]);
  });
});

describe('a workload on B200', () => {
  it('has the specified peak', () => {
    expect((ratesOf(B200).multiplyAdd ?? 0) / 1e12).toBeCloseTo(2243, 0);
  });

  it('takes 4 s^2 d h FLOPs at that peak, and as long for its exponentials', () => {
    const { seconds, bound, binds, intensity } = roofline(demandOf(mha(32768, 'full')), ratesOf(B200));
    expect(seconds.multiplyAdd).toBeCloseTo((4 * 32768 ** 2 * 128 * 16) / 2.24297e15, 7);
    expect(seconds.exponential).toBeCloseTo(seconds.multiplyAdd ?? 0, 9);
    // q, k, v and o: 4 tensors of 32768 x 16 x 128 BF16 at 8 TB/s.
    expect(seconds.memory).toBeCloseTo((4 * 32768 * 16 * 128 * 2) / 8e12, 9);
    expect(bound).toBe(seconds.multiplyAdd);
    expect(binds).toBe('multiplyAdd');
    expect(intensity).toBeCloseTo((4 * 32768 ** 2 * 128 * 16) / (4 * 32768 * 16 * 128 * 2), 6);
  });

  it('counts only the pairs that a causal mask keeps', () => {
    const [full, causal] = [demandOf(mha(4096, 'full')), demandOf(mha(4096, 'causal'))];
    expect(causal.exponential / full.exponential).toBeCloseTo(4097 / 8192, 10);
    expect(causal.memory).toBe(full.memory);
  });

  it('adds times where units are shared, and refuses to bound what nobody measured', () => {
    const demand = { multiplyAdd: 100, exponential: 10, onChip: 0, memory: 1 };
    const none = { multiplyAdd: null, exponential: null, onChip: null, memory: null, sharedUnits: true };
    expect(roofline(demand, { ...none, multiplyAdd: 10, exponential: 5 }).bound).toBe(12);
    expect(() => roofline(demand, none)).toThrow(RangeError);
  });
});

describe('this machine', () => {
  const w: Workload = { ...mha(4096, 'full'), dtype: 'f32' };

  it('takes multiply-adds and softmax one after the other on a CPU', () => {
    const { rate, seconds } = predictLocal(w, { multiplyAdd: 1e11, exponential: 2e9, onChip: null }, 'cpu');
    // For each score: 512 FLOPs of products, 4 operations of tiles, one score of softmax.
    expect(512 / rate).toBeCloseTo((512 + 8) / 1e11 + 1 / 2e9, 15);
    expect(seconds.onChip).toBeNull();
  });

  it('is bound by the longest on a GPU', () => {
    const rates = { multiplyAdd: 1e13, exponential: 1e12, onChip: 1e12 };
    const { rate, binds } = predictLocal(w, rates, 'gpu');
    expect(binds).toBe('onChip');
    expect(rate).toBeCloseTo(2e12, -3);
  });
});
