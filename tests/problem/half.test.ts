/** Half precision against its definition: every one of the 65,536 halves, and rounding between neighbours. */

import { describe, expect, it } from 'vitest';
import { fromHalf, roundToHalf, toHalf } from '../../src/problem/half.ts';

const all = Array.from({ length: 65536 }, (_, bits) => bits);
const finite = all.filter((bits) => ((bits >>> 10) & 31) !== 31);

describe('halves', () => {
  it('are the numbers of IEEE 754: known ones', () => {
    const known: [number, number][] = [
      [0x0000, 0],
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3555, 0.333251953125],
      [0x3c00, 1],
      [0x7bff, 65504],
      [0xc000, -2],
    ];
    for (const [bits, value] of known) {
      expect(fromHalf(bits)).toBe(value);
      expect(toHalf(value)).toBe(bits);
    }
    expect(fromHalf(0x7c00)).toBe(Number.POSITIVE_INFINITY);
    expect(fromHalf(0x7e00)).toBeNaN();
    expect(toHalf(Number.NaN) & 0x7fff).toBe(0x7e00);
  });

  it('come back from their numbers, every one of them', () => {
    expect(finite.filter((bits) => toHalf(fromHalf(bits)) !== bits)).toEqual([]);
  });

  it('are the nearest to what lies between them, ties to the even one', () => {
    const wrong = finite.filter((bits) => {
      const next = bits + 1;
      if ((bits & 0x8000) !== 0 || !Number.isFinite(fromHalf(next))) return false;
      const [a, b] = [fromHalf(bits), fromHalf(next)];
      const even = bits % 2 === 0 ? a : b;
      return (
        roundToHalf(a + (b - a) * 0.49) !== a ||
        roundToHalf(a + (b - a) * 0.51) !== b ||
        roundToHalf((a + b) / 2) !== even
      );
    });
    expect(wrong).toEqual([]);
  });

  it('end at 65504: what rounds beyond is infinity', () => {
    expect(roundToHalf(65519.996)).toBe(65504);
    expect(roundToHalf(65520)).toBe(Number.POSITIVE_INFINITY);
    expect(roundToHalf(-1e30)).toBe(Number.NEGATIVE_INFINITY);
    expect(Object.is(roundToHalf(-1e-30), -0)).toBe(true);
  });
});
