/** Masks, FLOPs and bytes of a workload, from numbers counted by hand. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sinkValue } from '../../src/problem/data.ts';
import { flops, pairs } from '../../src/problem/flops.ts';
import { alibiSlope } from '../../src/problem/scores.ts';
import { bytes, describe as describeWorkload, formatSize, keyRange, sameProblem } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

describe('key ranges', () => {
  it('lets every query see every key under the full mask', () => {
    expect(keyRange(workload({ seqQuery: 3, seqKv: 5 }), 0)).toEqual({ low: 0, high: 5 });
  });

  it('aligns the causal mask with the last key', () => {
    const w = workload({ seqQuery: 3, seqKv: 5, mask: 'causal' });
    expect([0, 1, 2].map((row) => keyRange(w, row).high)).toEqual([3, 4, 5]);
  });

  it('leaves rows before the first key without any', () => {
    const w = workload({ seqQuery: 5, seqKv: 3, mask: 'causal' });
    expect([0, 1, 2, 3, 4].map((row) => keyRange(w, row))).toEqual([
      { low: 0, high: 0 },
      { low: 0, high: 0 },
      { low: 0, high: 1 },
      { low: 0, high: 2 },
      { low: 0, high: 3 },
    ]);
  });

  it('counts the query itself in a sliding window', () => {
    const w = workload({ seqQuery: 6, mask: 'causal', window: 2 });
    expect([0, 1, 5].map((row) => keyRange(w, row))).toEqual([
      { low: 0, high: 1 },
      { low: 0, high: 2 },
      { low: 4, high: 6 },
    ]);
    expect(keyRange({ ...w, mask: 'full' }, 3)).toEqual({ low: 2, high: 5 });
  });

  it('agrees with the definition of every mask, key by key', () => {
    const shape = fc.record({
      seqQuery: fc.integer({ min: 1, max: 20 }),
      seqKv: fc.integer({ min: 1, max: 20 }),
      mask: fc.constantFrom('full' as const, 'causal' as const),
      window: fc.option(fc.integer({ min: 1, max: 25 })),
    });
    fc.assert(
      fc.property(shape, (changes) => {
        const w = workload(changes);
        let kept = 0;
        for (let row = 0; row < w.seqQuery; row += 1) {
          const { low, high } = keyRange(w, row);
          for (let key = 0; key < w.seqKv; key += 1) {
            const ahead = key - (row + w.seqKv - w.seqQuery);
            const seen = (w.mask === 'full' || ahead <= 0) && (w.window === null || Math.abs(ahead) < w.window);
            expect(key >= low && key < high).toBe(seen);
            kept += seen ? 1 : 0;
          }
        }
        expect(pairs(w)).toBe(kept);
        // A part of the rows, and the rest.
        const middle = Math.floor(w.seqQuery / 2);
        const firstHalf = Array.from({ length: middle }, (_, row) => keyRange(w, row));
        expect(pairs(w, 0, middle)).toBe(firstHalf.reduce((sum, { low, high }) => sum + high - low, 0));
        expect(pairs(w, middle, w.seqQuery - middle)).toBe(kept - pairs(w, 0, middle));
      }),
    );
  });
});

describe('scores', () => {
  it('are named where a workload asks for something', () => {
    expect(describeWorkload(workload({ softcap: 50, sinks: true, alibi: true, maskTensor: true }))).toBe(
      '8 full, soft-cap 50, sinks, ALiBi, mask tensor, 1 head, d 32',
    );
    expect(describeWorkload(workload({ softcap: null, sinks: false, alibi: false }))).toBe('8 full, 1 head, d 32');
  });

  it('tell problems apart', () => {
    expect(sameProblem(workload({ softcap: 50 }), workload({ softcap: 30 }))).toBe(false);
    expect(sameProblem(workload({ sinks: true }), workload())).toBe(false);
    expect(sameProblem(workload({ softcap: null, sinks: false, alibi: false }), workload())).toBe(true);
  });

  it('change no FLOPs', () => {
    expect(flops(workload({ softcap: 50, sinks: true, alibi: true }))).toBe(flops(workload()));
  });

  it('have the slopes of the ALiBi paper: 2^-1 to 2^-8 for 8 heads, those of 16 between them for more', () => {
    const slopes = (heads: number) =>
      Array.from({ length: heads }, (_, head) => Number(Math.log2(alibiSlope(heads, head)).toFixed(9)));
    expect(slopes(8)).toEqual([-1, -2, -3, -4, -5, -6, -7, -8]);
    expect(slopes(16)).toEqual(Array.from({ length: 16 }, (_, head) => -(head + 1) / 2));
    expect(slopes(12)).toEqual([...slopes(8), -0.5, -1.5, -2.5, -3.5]);
    expect(slopes(1)).toEqual([-8]);
  });

  it('have sinks that follow from seed and head, standard normal', () => {
    const sinks = Array.from({ length: 2000 }, (_, head) => sinkValue({ kind: 'normal', seed: 3 }, head));
    const mean = sinks.reduce((sum, x) => sum + x, 0) / sinks.length;
    const square = sinks.reduce((sum, x) => sum + x * x, 0) / sinks.length;
    expect(Math.abs(mean)).toBeLessThan(0.08);
    expect(Math.abs(square - 1)).toBeLessThan(0.1);
    expect(sinkValue({ kind: 'normal', seed: 4 }, 0)).not.toBe(sinks[0]);
  });
});

describe('work', () => {
  it('counts 4 FLOPs for each pair, head dimension and query head', () => {
    expect(flops(workload({ batch: 2, queryHeads: 8, kvHeads: 2, headDim: 64, seqQuery: 10 }))).toBe(
      4 * 2 * 8 * 64 * 100,
    );
  });

  it('counts causal pairs exactly, and as half a square where a figure does', () => {
    const w = workload({ seqQuery: 4, mask: 'causal', headDim: 32 });
    expect(flops(w)).toBe(4 * 32 * 10);
    expect(flops(w, 'half-square')).toBe(4 * 32 * 8);
  });

  it('gives the published 8.8 TFLOP for 32k', () => {
    expect(flops(workload({ queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 32768 }))).toBe(8796093022208);
  });

  it('counts the bytes of q, k, v and o', () => {
    expect(bytes(workload({ queryHeads: 4, kvHeads: 2, headDim: 32, seqQuery: 3, seqKv: 5 }))).toBe(
      4 * (2 * 3 * 4 * 32 + 2 * 5 * 2 * 32),
    );
  });

  it('writes sizes as people do', () => {
    expect([1, 1000, 1024, 32768, 1536].map(formatSize)).toEqual(['1', '1000', '1k', '32k', '1536']);
  });
});
