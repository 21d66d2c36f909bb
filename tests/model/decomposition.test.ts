/** The decomposition of a distance: its product is the ratio, each factor has its source, and what cannot be taken apart says why. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findingOf } from '../../src/compare/finding.ts';
import { type Decomposition, decompose, productText } from '../../src/model/decomposition.ts';
import type { Measured } from '../../src/record/measurement.ts';
import { comparedRunOf, measured } from '../runs.ts';

const SHAPE = { queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 32768 };

/** The decomposition of a run of one measurement. */
function decomposed(m: Measured, set: 'avo' | 'all' = 'avo'): Decomposition | string {
  const finding = findingOf(comparedRunOf([m], undefined, set));
  if (finding === null) throw new Error('nothing was measured');
  return decompose(finding);
}

function factorsOf(m: Measured, set: 'avo' | 'all' = 'avo'): Decomposition {
  const found = decomposed(m, set);
  if (typeof found === 'string') throw new Error(found);
  return found;
}

const positive = (min: number, max: number) => fc.double({ min, max, noNaN: true });

const measurements = fc
  .record({
    tflops: positive(1e-6, 500),
    share: positive(0.01, 1.2),
    threads: fc.integer({ min: 1, max: 256 }),
    backend: fc.constantFrom('wasm' as const, 'webgpu' as const),
    matrices: fc.boolean(),
    coreHertz: fc.option(positive(5e8, 6e9)),
    mask: fc.constantFrom('full' as const, 'causal' as const),
    seqQuery: fc.constantFrom(512, 4096, 32768),
  })
  .map(({ tflops, share, threads, backend, matrices, coreHertz, mask, seqQuery }): Measured => {
    const name = backend === 'wasm' ? 'wasm-multiply-add-6x4' : matrices ? 'wgsl-matrix-products-f16-16x16x16' : 'wgsl';
    const clock = coreHertz === null || backend === 'webgpu' ? {} : { coreHertz };
    return {
      ...measured({ ...SHAPE, mask, seqQuery }),
      backend,
      threads: backend === 'wasm' ? threads : null,
      tflops: { median: tflops },
      ceiling: { name, tflops: tflops / share, share, ...clock },
    };
  });

describe('the factors of a distance', () => {
  it('multiply to the ratio, from the rate here to the published one', () => {
    fc.assert(
      fc.property(measurements, (m) => {
        const { factors, ratio, here, published } = factorsOf(m);
        const product = factors.reduce((all, { factor }) => all * factor, 1);
        expect(product / ratio).toBeCloseTo(1, 9);
        expect((here * product) / published).toBeCloseTo(1, 9);
      }),
    );
  });

  it('each name a source', () => {
    fc.assert(
      fc.property(measurements, (m) => {
        for (const { source, text } of factorsOf(m).factors) {
          expect(source).toMatch(/measured|paper|derived/);
          expect(`${source} ${text}`).not.toMatch(/undefined|NaN|Infinity/);
        }
      }),
    );
  });

  it('are units, width, clock and tensor cores where the clock of a CPU was measured', () => {
    const m = measured(SHAPE);
    const ceiling = { name: 'wasm-multiply-add-6x4', tflops: 0.125, share: 0.8, coreHertz: 3.93e9 };
    const found = factorsOf({ ...m, ceiling });
    const by = Object.fromEntries(found.factors.map(({ name, factor }) => [name, factor]));
    expect(Object.keys(by)).toEqual([
      ...['efficiency here', 'units', 'width', 'clock', 'tensor cores', 'efficiency of AVO'],
    ]);
    expect(by['units']).toBe(74);
    expect(by['clock']).toBeCloseTo(0.5, 9);
    expect(by['tensor cores']).toBe(32);
    // 0.1 TFLOPS at 80 % of a peak of 0.125, two threads of 3.93 GHz: 15.9 FLOPs a clock.
    expect(by['width']).toBeCloseTo((256 * 2 * 3.93e9) / 0.125e12, 6);
    expect(by['efficiency of AVO']).toBeCloseTo(0.7, 2);
    expect(productText(found)).toContain('units 74 × width 16 × clock 0.500 × tensor cores 32');
  });

  it('join width and clock without a measured clock, and units too on a GPU', () => {
    const m = measured(SHAPE);
    const names = (item: Measured) => factorsOf(item).factors.map(({ name }) => name);
    expect(names(m)).toContain('width and clock');
    expect(names({ ...m, backend: 'webgpu', threads: null })).toContain('units, width and clock');
  });

  it('are fewer for a device with a specification and no counts', () => {
    const found = factorsOf(measured({ ...SHAPE, batch: 2, seqQuery: 8192 }), 'all');
    expect(found.publishedName).toBe('FA3 on H100 SXM5');
    expect(found.factors.map(({ name }) => name)).toContain('units, width and clock');
  });

  it('are none without a peak on either side, and say so', () => {
    const { ceiling: _, ...bare } = measured(SHAPE);
    expect(decomposed(bare)).toBe('no peak was measured beside wasm-flash');
    const heads = { ...SHAPE, queryHeads: 64, kvHeads: 8, batch: 2, seqQuery: 8192, mask: 'causal' as const };
    expect(decomposed(measured(heads), 'all')).toBe('results/published/devices.json has no peak of A100 80GB PCIe');
  });
});
