/** Slices: what they cover, what they cost, and that a causal slice is as heavy on average as the whole. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLastTiles } from '../../src/host/last-tiles.ts';
import { fillTensors, layoutOf, type WorkTile } from '../../src/host/tensor-layout.ts';
import { flops } from '../../src/problem/flops.ts';
import {
  blockStarts,
  chooseSlice,
  groupShare,
  largestTensorBytes,
  rowsPerHead,
  sliceFlops,
  sliceShape,
  splitSlice,
  wholeSlice,
  workTileCount,
} from '../../src/problem/slice.ts';
import { keyRange } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

const LIMITS = { flops: 0, tiles: 1, tensorBytes: Number.POSITIVE_INFINITY };
const shapes = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  kvHeads: fc.integer({ min: 1, max: 3 }),
  seqQuery: fc.integer({ min: 1, max: 300 }),
  seqKv: fc.integer({ min: 1, max: 300 }),
  mask: fc.constantFrom('full' as const, 'causal' as const),
});

describe('slices', () => {
  it('counts FLOPs by the rows that it holds', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 1, max: 20 }),
        fc.double({ min: 0, max: 1.2, noNaN: true }),
        (changes, blockRows, share) => {
          const w = workload({ ...changes, queryHeads: changes.kvHeads * 2 });
          const slice = chooseSlice(w, blockRows, { ...LIMITS, flops: flops(w) * share });
          const layout = layoutOf(w, slice);
          let sum = 0;
          const rows = new Set<string>();
          for (let index = 0; index < layout.tiles; index += 1) {
            const tile = layout.tile(index);
            for (let row = tile.firstRow; row < tile.firstRow + tile.rows; row += 1) {
              const { low, high } = keyRange(w, row);
              sum += 4 * w.headDim * (high - low);
              rows.add(`${tile.qOffset + (row - tile.firstRow) * layout.qStride}`);
            }
          }
          expect(sum).toBe(sliceFlops(w, slice));
          // Every row of memory belongs to exactly one unit.
          expect(rows.size * w.headDim).toBe(layout.qElements);
        },
      ),
    );
  });

  it('loses no row where its last tiles are cut into parts', () => {
    fc.assert(
      fc.property(
        shapes,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 25 }),
        (changes, blockRows, splitRows) => {
          const w = workload({ ...changes, queryHeads: changes.kvHeads * 2 });
          const layout = layoutOf(w, wholeSlice(w, blockRows));
          const rowsOf = (tiles: WorkTile[]) =>
            tiles.flatMap((tile) =>
              Array.from({ length: Math.max(0, tile.rows) }, (_, i) => {
                const at = tile.qOffset + i * layout.qStride;
                return `${tile.kvIndex} ${tile.kOffset} ${tile.firstRow + i} ${at}`;
              }),
            );
          const work = splitLastTiles(layout, blockRows, splitRows);
          const pieces = Array.from({ length: work.count }, (_, i) => work.at(i));
          const tiles = Array.from({ length: layout.tiles }, (_, i) => layout.tile(i));
          expect(rowsOf(pieces)).toEqual(rowsOf(tiles));
          const cut = layout.tiles >= 8 && splitRows < blockRows;
          expect(work.count > layout.tiles).toBe(cut);
          if (cut) expect(pieces.at(-1)?.rows).toBeLessThanOrEqual(splitRows);
        },
      ),
    );
  });

  it('is the whole workload where as much is wanted', () => {
    const w = workload({ batch: 2, queryHeads: 6, kvHeads: 3, seqQuery: 100, mask: 'causal' });
    const slice = chooseSlice(w, 16, { ...LIMITS, flops: flops(w) });
    expect(slice).toEqual(wholeSlice(w, 16));
    expect(sliceFlops(w, slice)).toBe(flops(w));
    expect(workTileCount(w, slice)).toBe(2 * 6 * 7);
  });

  it.each([0.01, 0.05, 0.13, 0.3, 0.6, 0.9])('is as heavy as the whole on average, at %f of a causal head', (share) => {
    const w = workload({ headDim: 128, seqQuery: 32768, mask: 'causal' });
    const slice = chooseSlice(w, 48, { ...LIMITS, flops: flops(w) * share });
    const perRow = sliceFlops(w, slice) / rowsPerHead(w, slice);
    expect(Math.abs(perRow / (flops(w) / w.seqQuery) - 1)).toBeLessThan(0.02);
    expect(groupShare(w, slice)).toBeCloseTo(rowsPerHead(w, slice) / 32768, 12);
  });

  it('holds work even where hardly any row sees a key', () => {
    const w = workload({ seqQuery: 100_000, seqKv: 200, mask: 'causal' });
    const slice = chooseSlice(w, 2, { ...LIMITS, flops: flops(w) * 0.01 });
    expect(sliceFlops(w, slice)).toBeGreaterThan(0);
  });

  it('mirrors its blocks around the middle', () => {
    const w = workload({ seqQuery: 6400, mask: 'causal' });
    const starts = blockStarts(chooseSlice(w, 64, { ...LIMITS, flops: flops(w) * 0.2 })).map((start) => start / 64);
    expect(starts.map((block) => 99 - block).reverse()).toEqual(starts);
  });

  it('keeps to the number of tiles and to the size of a tensor', () => {
    const w = workload({ batch: 8, queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 4096 });
    expect(workTileCount(w, chooseSlice(w, 48, { ...LIMITS, tiles: 32 }))).toBeGreaterThanOrEqual(32);
    const small = chooseSlice(w, 48, { flops: flops(w), tiles: 1, tensorBytes: 5 * 2 ** 20 });
    expect(largestTensorBytes(sliceShape(w, small))).toBeLessThanOrEqual(5 * 2 ** 20);
  });
});

describe('splitSlice', () => {
  const shapes = fc.record({
    batch: fc.integer({ min: 1, max: 9 }),
    kvHeads: fc.integer({ min: 1, max: 9 }),
    seqQuery: fc.integer({ min: 1, max: 60 }),
  });

  it('covers every KV head once, within the limit, and does the same work', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 90 }), (changes, group, heads) => {
        const w = workload({ ...changes, queryHeads: changes.kvHeads * group, headDim: 32 });
        const whole = wholeSlice(w, 16);
        const limit = largestTensorBytes(sliceShape(w, { ...whole, batches: 1, kvHeads: 1 })) * heads;
        const parts = splitSlice(w, whole, limit) ?? [];
        const seen = parts.flatMap(({ batches, kvHeads, firstBatch = 0, firstKvHead = 0 }) =>
          Array.from({ length: batches * kvHeads }, (_, i) => {
            const batch = firstBatch + Math.floor(i / kvHeads);
            return `${batch} ${firstKvHead + (i % kvHeads)}`;
          }),
        );
        expect(seen).toHaveLength(w.batch * w.kvHeads);
        expect(new Set(seen).size).toBe(seen.length);
        for (const part of parts) expect(largestTensorBytes(sliceShape(w, part))).toBeLessThanOrEqual(limit);
        expect(parts.reduce((sum, part) => sum + sliceFlops(w, part), 0)).toBe(flops(w));
      }),
    );
  });

  it('cuts 512 MiB tensors into four under a limit of 128 MiB', () => {
    const w = workload({ batch: 1, queryHeads: 32, kvHeads: 32, headDim: 128, seqQuery: 32768 });
    const whole = wholeSlice(w, 64);
    expect(largestTensorBytes(w)).toBe(512 * 2 ** 20);
    const parts = splitSlice(w, whole, 128 * 2 ** 20);
    expect(parts?.map(({ firstKvHead, kvHeads }) => [firstKvHead, kvHeads])).toEqual([
      [0, 8],
      [8, 8],
      [16, 8],
      [24, 8],
    ]);
  });

  it('says where one KV head is too much, and leaves what fits alone', () => {
    const w = workload({ queryHeads: 4, kvHeads: 4, headDim: 64, seqQuery: 100 });
    const whole = wholeSlice(w, 16);
    expect(splitSlice(w, whole, 1000)).toBeUndefined();
    expect(splitSlice(w, whole, 2 ** 20)).toEqual([whole]);
  });

  it('fills the tensors of a part with the values of the whole', () => {
    const w = workload({ batch: 2, queryHeads: 4, kvHeads: 2, headDim: 32, seqQuery: 40 });
    const whole = wholeSlice(w, 16);
    const fill = (slice: typeof whole) => {
      const layout = layoutOf(w, slice);
      const tensors = {
        q: new Float32Array(layout.qElements),
        k: new Float32Array(layout.kElements),
        v: new Float32Array(layout.kElements),
      };
      fillTensors({ kind: 'normal', seed: 2 }, w, slice, tensors);
      return { layout, ...tensors };
    };
    const all = fill(whole);
    for (const part of splitSlice(w, whole, largestTensorBytes(w) / 4) ?? []) {
      const own = fill(part);
      for (let batch = 0; batch < 2; batch += 1) {
        for (let queryHead = 0; queryHead < 4; queryHead += 1) {
          const address = { batch, queryHead, row: 21 };
          if (!own.layout.holds(address)) {
            expect(() => own.layout.locate(address)).toThrow(RangeError);
            continue;
          }
          const [a, b] = [all.layout.locate(address), own.layout.locate(address)];
          expect(own.q.slice(b, b + 32)).toEqual(all.q.slice(a, a + 32));
        }
      }
    }
  });
});
