/** A share of a measured limit above all of it is told as noise, or as what nobody should rely on. */

import { expect, it } from 'vitest';
import { aboveOwnLimit, shareOfLimit } from '../../src/compare/share-of-limit.ts';

const of = (share: number, shareLow?: number) => {
  const ceiling = { name: 'wasm-multiply-add', tflops: 0.1, share, ...(shareLow === undefined ? {} : { shareLow }) };
  return { backend: 'wasm' as const, ceiling };
};

it('words a share by what it can be', () => {
  expect(shareOfLimit(of(0.804))).toBe('reaches 80 % of the peak of WebAssembly measured here');
  expect(shareOfLimit(of(0.804), 1)).toBe('reaches 80.4 % of the peak of WebAssembly measured here');
  expect(shareOfLimit(of(1.08, 0.98))).toBe('reaches the peak of WebAssembly measured here within noise (108 %)');
  expect(shareOfLimit(of(1.29))).toBe(
    'came out at 129 % of the peak of WebAssembly measured here, more than there is: do not rely on it',
  );
});

it('takes the lower end of an interval where there is one', () => {
  expect(aboveOwnLimit(of(1.01))).toBeNull();
  expect(aboveOwnLimit(of(1.2))).toBe('noise');
  expect(aboveOwnLimit(of(1.3, 1.05))).toBe('noise');
  expect(aboveOwnLimit(of(1.2, 1.15))).toBe('beyond');
});
