/** The keys that a slice sees, against a count row by row; and what it is charged for packing them. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { packingShare, seenKeys } from '../../src/problem/seen-keys.ts';
import { blockStarts, chooseSlice, wholeSlice } from '../../src/problem/slice.ts';
import { keyRange } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

const shapes = fc.record({
  seqQuery: fc.integer({ min: 1, max: 200 }),
  seqKv: fc.integer({ min: 1, max: 300 }),
  window: fc.option(fc.integer({ min: 1, max: 60 })),
  mask: fc.constantFrom('full' as const, 'causal' as const),
});

describe('seenKeys', () => {
  it('holds every key that a row of the slice sees, and no other panel', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (s, b, part) => {
          const w = workload(s);
          const limits = { flops: part * 4 * w.headDim * w.seqQuery * w.seqKv, tiles: 1, tensorBytes: 2 ** 32 };
          const slice = chooseSlice(w, b, limits);
          const seen = new Set<number>();
          for (const start of blockStarts(slice)) {
            for (let row = start; row < Math.min(start + b, w.seqQuery); row += 1) {
              const { low, high } = keyRange(w, row);
              for (let key = low; key < high; key += 1) seen.add(Math.floor(key / 8));
            }
          }
          const runs = seenKeys(w, slice, 8);
          const panels = runs.flatMap(({ first, end }) =>
            Array.from({ length: (end - first) / 8 }, (_, i) => first / 8 + i),
          );
          expect(panels).toEqual([...seen].sort((x, y) => x - y));
        },
      ),
    );
  });

  it('of a windowed decode are as many at any number of keys', () => {
    for (const seqKv of [4096, 32768, 131072]) {
      const w = workload({ seqQuery: 1, seqKv, window: 128, mask: 'causal' });
      expect(seenKeys(w, wholeSlice(w, 48), 16)).toEqual([{ first: seqKv - 128, end: seqKv }]);
    }
  });
});

describe('packingShare', () => {
  it('is 1 for the whole, and the share of the rows where all of them see all keys', () => {
    const w = workload({ seqQuery: 480, seqKv: 4096 });
    expect(packingShare(w, wholeSlice(w, 48))).toBe(1);
    expect(packingShare(w, { ...wholeSlice(w, 48), runs: [{ start: 2, count: 1 }] })).toBeCloseTo(0.1, 12);
  });

  it("charges a slice under a window its rows' share of the whole's packing, not of its own", () => {
    const w = workload({ seqQuery: 1000, window: 100, mask: 'causal' });
    const slice = { ...wholeSlice(w, 100), runs: [{ start: 5, count: 1 }] };
    // 100 rows see 199 keys, which it packs whole; all rows see 1000.
    expect(packingShare(w, slice)).toBeCloseTo(0.1 * (1000 / 199), 12);
  });

  it('is 0 where no row sees a key', () => {
    const w = workload({ seqQuery: 100, seqKv: 10, mask: 'causal' });
    expect(packingShare(w, { ...wholeSlice(w, 10), runs: [{ start: 0, count: 2 }] })).toBe(0);
  });
});
