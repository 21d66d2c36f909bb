/** wgsl-flash and the banks of workgroup memory: conflicts counted from the index of every access in the kernel's own text. */

import { describe, expect, it } from 'vitest';
import { fewRowsConfiguration, wgslConfiguration } from '../../kernels/configurations.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { sizes, type WgslConfiguration } from '../../kernels/wgsl/configuration.ts';
import { emitWgslFlash } from '../../kernels/wgsl/flash.ts';
import { bothDims } from '../../kernels/wgsl/row-dims.ts';
import { turns } from './bank-model.ts';
import { workgroupAccesses } from './workgroup-accesses.ts';

/** Turns of the worst access of each kind. */
function conflicts(headDim: number, config: WgslConfiguration): Record<string, number> {
  const [pass] = emitWgslFlash(bothDims(headDim), config, 'f32').passes;
  const worst: Record<string, number> = {};
  for (const { what, places } of workgroupAccesses(pass?.code ?? '', sizes(headDim, config).threads)) {
    worst[what] = Math.max(worst[what] ?? 0, turns(places));
  }
  return worst;
}

/** Every kind of access that there is, all without conflicts. */
const FREE = {
  'load q writes stage': 1,
  'stage K writes stage': 1,
  'scores reads stage': 1,
  'row maximum writes weights': 1,
  'row maximum reads weights': 1,
  'accumulate writes weights': 1,
  'stage V writes stage': 1,
  'accumulate reads weights': 1,
  'accumulate reads stage': 1,
  'write writes weights': 1,
  'write reads weights': 1,
};

const shipped = (headDim: number, vendor: string, workgroupMemoryBytes = 32768) =>
  wgslConfiguration(bothDims(headDim), {
    limits: { ...TYPICAL_DEVICE.limits, workgroupMemoryBytes },
    features: { ...TYPICAL_DEVICE.features, vendor },
  });

describe('the model', () => {
  const of8 = (place: (thread: number) => number) => turns(Array.from({ length: 64 }, (_, thread) => place(thread)));
  it('serves a quarter of a warp at once where its vec4s are side by side, or the same', () => {
    expect(of8((thread) => thread)).toBe(1);
    expect(of8((thread) => Math.floor(thread / 8) * 8)).toBe(1);
  });
  it('takes turns where they are apart', () => {
    expect(of8((thread) => thread * 2)).toBe(2);
    expect(of8((thread) => (thread % 4) * 64 + Math.floor(thread / 4))).toBe(4);
    expect(of8((thread) => thread * 16)).toBe(8);
  });
  it('lets threads without an access wait for nothing', () => {
    expect(turns([0, undefined, 8, undefined, 3])).toBe(2);
    expect(turns([])).toBe(0);
  });
});

describe('as shipped', () => {
  it.each([
    [64, 'amd'],
    [128, 'amd'],
    [256, 'amd'],
    [320, 'amd'],
    [512, 'amd'],
    [576, 'amd'],
    [64, 'nvidia'],
    [128, 'nvidia'],
    [256, 'nvidia'],
    [64, 'apple'],
    [128, 'apple'],
    [256, 'apple'],
    [512, 'apple'],
    [64, 'intel'],
    [128, 'intel'],
  ] as const)('head dimension %i on %s: no access meets another', (headDim, vendor) => {
    expect(conflicts(headDim, shipped(headDim, vendor))).toEqual(FREE);
  });

  it('the same in 16 KiB', () => {
    for (const headDim of [64, 128, 256]) expect(conflicts(headDim, shipped(headDim, 'amd', 16384))).toEqual(FREE);
  });
});

describe('what is left', () => {
  it('head dimension 512 in 16 KiB has half as many fours of rows as could change places', () => {
    expect(conflicts(512, shipped(512, 'amd', 16384))).toEqual({
      ...FREE,
      'load q writes stage': 2,
      'accumulate writes weights': 2,
    });
  });

  it('blocks of few rows have too few fours of rows that could change places', () => {
    expect(conflicts(128, fewRowsConfiguration(8, bothDims(128), TYPICAL_DEVICE))).toEqual({
      ...FREE,
      'load q writes stage': 2,
      'accumulate writes weights': 8,
    });
  });

  it('without the exchange neighbours meet while they stage q and k and write their weights', () => {
    const plain = conflicts(128, { ...shipped(128, 'amd'), layout: 'plain' });
    expect(plain).toEqual({
      ...FREE,
      'load q writes stage': 4,
      'stage K writes stage': 4,
      'accumulate writes weights': 8,
    });
  });
});
