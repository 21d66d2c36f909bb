/** Work tiles and their scheduling: every key block once, no unit idle without reason, more units never slower. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makespan, workTiles } from '../../src/model/schedule.ts';
import { expand, presetAxes } from '../../src/problem/sweep.ts';

const jobs = fc.array(
  fc.record({ duration: fc.integer({ min: 1, max: 100 }), count: fc.integer({ min: 1, max: 9 }) }),
  {
    minLength: 1,
    maxLength: 20,
  },
);
const orders = fc.constantFrom('longest-first' as const, 'as-given' as const);

describe('makespan', () => {
  it('lies between the bounds of any list schedule', () => {
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 40 }), orders, (tiles, units, order) => {
        const total = tiles.reduce((sum, { duration, count }) => sum + duration * count, 0);
        const longest = Math.max(...tiles.map(({ duration }) => duration));
        const time = makespan(tiles, units, order);
        expect(time).toBeGreaterThanOrEqual(Math.max(longest, total / units) - 1e-9);
        // Graham's bound.
        expect(time).toBeLessThanOrEqual(total / units + longest * (1 - 1 / units) + 1e-9);
      }),
    );
  });

  it('is never longer with more units', () => {
    fc.assert(
      fc.property(jobs, fc.integer({ min: 1, max: 40 }), orders, (tiles, units, order) => {
        expect(makespan(tiles, units + 1, order)).toBeLessThanOrEqual(makespan(tiles, units, order));
      }),
    );
  });

  it('takes whole waves where all tiles are alike', () => {
    expect(makespan([{ duration: 3, count: 2048 }], 148)).toBe(14 * 3);
  });

  it('ends earlier where the long tiles begin', () => {
    const tiles = [
      { duration: 1, count: 4 },
      { duration: 4, count: 1 },
    ];
    expect(makespan(tiles, 2, 'as-given')).toBe(6);
    expect(makespan(tiles, 2)).toBe(4);
  });
});

describe('work tiles', () => {
  const of = (preset: 'mha' | 'gqa', mask: string, seq: number) =>
    expand({ ...presetAxes(preset), seq: [seq] }).find((w) => w.mask === mask);

  it.each([4096, 32768])('without a mask: 2048 tiles of all key blocks at %i', (seq) => {
    const tiles = workTiles(of('mha', 'full', seq) as never, 'tokens');
    expect(tiles.reduce((sum, { count }) => sum + count, 0)).toBe(2048);
    expect(new Set(tiles.map(({ plain, masked }) => `${plain}+${masked}`))).toEqual(new Set([`${seq / 128}+0`]));
  });

  it('causal: waste (m + 1) / m over half the square, m = seq / 256', () => {
    const seq = 4096;
    const tiles = workTiles(of('mha', 'causal', seq) as never, 'tokens');
    const blocks = tiles.reduce((sum, { plain, masked, count }) => sum + (plain + masked) * count, 0);
    const half = ((seq / 128) * (seq / 256) * 16 * 8) / 2;
    expect(blocks / half).toBeCloseTo((16 + 1) / 16, 12);
  });

  it('packing the group makes tiles of fewer tokens and less waste, and as many rows', () => {
    const w = of('gqa', 'causal', 4096) as never;
    const [plain, packed] = [workTiles(w, 'tokens'), workTiles(w, 'tokens-and-group')];
    const rows = (tiles: typeof plain) => tiles.reduce((sum, { count }) => sum + 256 * count, 0);
    const blocks = (tiles: typeof plain) => tiles.reduce((sum, i) => sum + (i.plain + i.masked) * i.count, 0);
    expect(rows(packed)).toBe(rows(plain));
    expect(blocks(packed)).toBeLessThan(blocks(plain));
  });

  it('says why a group cannot be packed', () => {
    const w = { ...(of('gqa', 'causal', 4096) as object), queryHeads: 12, kvHeads: 4 } as never;
    expect(() => workTiles(w, 'tokens-and-group')).toThrow(/does not divide 256/);
  });
});
