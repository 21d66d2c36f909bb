/** How work tiles are shared out over submissions: whole waves, no slivers, within the time and what a device takes at once. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextSubmission, type TileQueue } from '../../src/host/gpu/submissions.ts';

/** Equal tiles of a GFLOP on a device of a TFLOP/s: 1,000 a second. */
const queue = (changes: Partial<TileQueue> = {}): TileQueue => ({
  tiles: 1000,
  workTileFlops: [1e9],
  workTilesAtOnce: 65535,
  wave: 1,
  rate: 1e12,
  ...changes,
});

/** Work tiles of every submission of a pass. */
function counts(of: TileQueue, seconds: number): number[] {
  const all: number[] = [];
  for (let from = 0; from < of.tiles; from += all.at(-1) ?? 0) all.push(nextSubmission(of, from, seconds).count);
  return all;
}

describe('a pass', () => {
  it('is shared out evenly: the last submission is no sliver', () => {
    expect(counts(queue(), 0.3)).toEqual([250, 250, 250, 250]);
    expect(counts(queue({ tiles: 301 }), 0.3)).toEqual([151, 150]);
  });

  it('is one submission where it fits the time', () => {
    expect(counts(queue(), 1)).toEqual([1000]);
    expect(counts(queue({ wave: 512 }), 1)).toEqual([1000]);
  });

  it('is in whole waves but for its end', () => {
    expect(counts(queue({ wave: 64 }), 0.3)).toEqual([256, 256, 256, 232]);
    expect(counts(queue({ tiles: 8192, wave: 512 }), 1.9)).toEqual([1536, 1536, 1536, 1536, 1024, 1024]);
  });

  it('keeps to the time where that is less than two waves', () => {
    expect(counts(queue({ wave: 200 }), 0.3)).toEqual([250, 250, 250, 250]);
  });

  it('begins with one tile where little is known of the device', () => {
    expect(nextSubmission(queue({ rate: 1 }), 0, 0.25)).toEqual({ count: 1, flops: 1e9 });
  });
});

it('every tile is in one submission, none of which takes longer than its time and one tile, or more than the device takes', () => {
  fc.assert(
    fc.property(
      fc.record({
        tiles: fc.integer({ min: 1, max: 3000 }),
        workTileFlops: fc.array(fc.integer({ min: 0, max: 100 }), { minLength: 1, maxLength: 20 }),
        workTilesAtOnce: fc.integer({ min: 1, max: 3000 }),
        wave: fc.integer({ min: 1, max: 600 }),
        rate: fc.integer({ min: 1, max: 10_000 }),
      }),
      (of) => {
        let from = 0;
        while (from < of.tiles) {
          const { count, flops } = nextSubmission(of, from, 1);
          expect(count).toBeGreaterThanOrEqual(1);
          expect(count).toBeLessThanOrEqual(of.workTilesAtOnce);
          expect(flops).toBeLessThanOrEqual(of.rate + Math.max(...of.workTileFlops));
          from += count;
        }
        expect(from).toBe(of.tiles);
      },
    ),
  );
});
