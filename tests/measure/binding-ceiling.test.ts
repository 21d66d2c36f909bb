/** Which limit a share is of: none that only threads starting show, none of memory where K and V stay in a cache. */

import { describe, expect, it } from 'vitest';
import { showsLimit, withCeiling } from '../../src/measure/binding-ceiling.ts';
import type { Runner } from '../../src/measure/runner.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { measured } from '../runs.ts';

describe('showsLimit', () => {
  const lasting = (seconds: number, clock: 'wall' | 'gpu-timestamp', passes?: number) =>
    [1, 2, 3].map((round) => ({ seconds, flops: 1e6, clock, round, ...(passes === undefined ? {} : { passes }) }));

  it('takes no limit from passes of a ceiling in which threads hardly start', () => {
    expect(showsLimit(lasting(1e-4, 'wall'))).toBe(false);
    expect(showsLimit(lasting(5e-3, 'wall'))).toBe(true);
    expect(showsLimit(lasting(1.6e-3, 'wall', 16))).toBe(false);
    expect(showsLimit(lasting(8e-3, 'wall', 16))).toBe(true);
  });

  it("takes one from any that the GPU's own clock timed, since that begins with the work", () => {
    expect(showsLimit(lasting(1e-4, 'gpu-timestamp'))).toBe(true);
  });
});

describe('withCeiling', () => {
  const target = { state: 'open' };
  /** A limit of arithmetic of 200 GFLOPS, or one of memory of 100. */
  const limit = (name: string, rate: number, bytesPerFlop?: number) => ({
    contender: { kernel: { name }, target, ceiling: true, bytesPerFlop },
    samples: [0, 1, 2].map((round) => ({ seconds: 1, flops: rate, clock: 'wall', round })),
    ended: null,
  });
  const runners = [limit('arithmetic', 2e11), limit('memory', 1e11, 0.25)] as unknown as Runner[];
  const ceilingOf = (w: Partial<Workload>) => {
    const m = measured({ seqQuery: 1, seqKv: 131_072, queryHeads: 64, kvHeads: 8, ...w });
    const samples = [0, 1, 2].map((round) => ({ seconds: 1, flops: 5e10, clock: 'wall' as const, round }));
    const runner = { contender: { target } } as unknown as Runner;
    const found = withCeiling({ ...m, samples }, runner, runners);
    return found.state === 'measured' ? found.ceiling : undefined;
  };

  it('is of memory where decoding reads keys that no cache holds', () => {
    expect(ceilingOf({})).toMatchObject({ name: 'memory', share: 0.5, roof: 'memory', gigabytesPerSecond: 25 });
  });

  it('is of arithmetic under a window, whose keys stay in a cache', () => {
    expect(ceilingOf({ window: 128 })).toMatchObject({ name: 'arithmetic', share: 0.25, roof: 'compute' });
  });
});
