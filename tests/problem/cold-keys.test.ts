/** Copies of K and V in turn, and the caveat where they may stay in a cache. */

import { describe, expect, it } from 'vitest';
import { copiesOfKeys, mayBeWarm } from '../../src/problem/cold-keys.ts';
import { workload } from '../workloads.ts';

// 16 MiB of K and V.
const DECODE = workload({ seqQuery: 1, seqKv: 4096, headDim: 64, queryHeads: 64, kvHeads: 8, mask: 'causal' });

describe('copies of K and V', () => {
  it('are together 256 MiB for few query rows, and then nothing is warm', () => {
    expect(copiesOfKeys(DECODE)).toBe(16);
    expect(mayBeWarm(DECODE, 1, 16)).toBe(false);
    expect(mayBeWarm(DECODE, 1, 1)).toBe(true);
    expect(copiesOfKeys({ ...DECODE, seqKv: 131072 })).toBe(1);
    expect(mayBeWarm({ ...DECODE, seqKv: 131072 }, 1, 1)).toBe(false);
  });

  it('are one where a pass is bound by arithmetic, which is no caveat', () => {
    const prefill = workload({ seqQuery: 512, seqKv: 512 });
    expect(copiesOfKeys(prefill)).toBe(1);
    expect(mayBeWarm(prefill, 1, 1)).toBe(false);
  });

  it('are one under a window, whose keys may be warm', () => {
    const windowed = { ...DECODE, seqKv: 131072, window: 128 };
    expect(copiesOfKeys(windowed)).toBe(1);
    expect(mayBeWarm(windowed, 1, 1)).toBe(true);
  });

  it('are at most 64', () => {
    const short = { ...DECODE, seqKv: 16 };
    expect(copiesOfKeys(short)).toBe(64);
    expect(mayBeWarm(short, 1, 64)).toBe(true);
  });
});
