/** Invariants of the simulation: never faster than the roofline, more hardware never slower, work conserved. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULT_TIMING } from '../../src/model/assumptions.ts';
import { B200, type Chip } from '../../src/model/chip.ts';
import { type Step, simulate } from '../../src/model/events.ts';
import { AVO_DESIGN, type Design, FA4_DESIGN, productClocks, simulateWorkTile } from '../../src/model/pipeline.ts';
import { steadyState } from '../../src/model/steady-state.ts';

const designs: fc.Arbitrary<Design> = fc.record({
  rescale: fc.constantFrom('branch' as const, 'threshold' as const, 'branch-free' as const),
  correction: fc.constantFrom('serial' as const, 'overlapped' as const),
  correctionRegisters: fc.integer({ min: 64, max: 96 }),
});
const tiles = fc.record({ plain: fc.integer({ min: 1, max: 24 }), masked: fc.integer({ min: 0, max: 2 }) });
const chips: fc.Arbitrary<Chip> = fc
  .record({
    tensorFlopsPerClock: fc.constantFrom(4096, 8192, 16384),
    exponentialsPerClock: fc.constantFrom(8, 16, 32),
    sharedBytesPerClock: fc.constantFrom(64, 128, 256),
  })
  .map((changes) => ({ ...B200, ...changes }));

/** The share of exponentials that the special-function units compute; FA4's source emulates more under the causal mask. */
const computed = ({ masked }: { masked: number }) =>
  1 - (masked > 0 ? DEFAULT_TIMING.emulatedShareCausal : DEFAULT_TIMING.emulatedShare);

const busy = (intervals: { from: number; to: number }[]) => intervals.reduce((sum, { from, to }) => sum + to - from, 0);

describe('the simulated work tile', () => {
  it('does every product and every exponential once, whatever the design', () => {
    fc.assert(
      fc.property(tiles, designs, chips, (blocks, design, chip) => {
        const { intervals } = simulateWorkTile(blocks, design, chip);
        const count = blocks.plain + blocks.masked;
        const products = intervals.filter(({ agent }) => agent === 'tensor');
        // p v begins before its last weights are there, so it has two parts.
        expect(products).toHaveLength(6 * count);
        expect(busy(products)).toBeCloseTo(4 * count * productClocks(chip), 3);
        const special = intervals.filter(({ label }) => label === 'exponential');
        expect(busy(special)).toBeCloseTo((2 * count * 128 * 128 * computed(blocks)) / chip.exponentialsPerClock, 3);
      }),
      { numRuns: 40 },
    );
  });

  it('is never faster than its products, its exponentials or its loads', () => {
    fc.assert(
      fc.property(tiles, designs, chips, (blocks, design, chip) => {
        const count = blocks.plain + blocks.masked;
        const { clocks } = simulateWorkTile(blocks, design, chip);
        const special = (2 * count * 128 * 128 * computed(blocks)) / chip.exponentialsPerClock;
        const loads = (2 * count * 128 * 128 * 2) / chip.sharedBytesPerClock;
        expect(clocks).toBeGreaterThanOrEqual(Math.max(4 * count * productClocks(chip), special, loads));
      }),
      { numRuns: 40 },
    );
  });

  it('never has a shared unit or an agent do two things at once', () => {
    fc.assert(
      fc.property(tiles, designs, (blocks, design) => {
        const { intervals } = simulateWorkTile(blocks, design);
        const groups = [...new Set(intervals.map(({ agent }) => agent))].map((name) =>
          intervals.filter(({ agent }) => agent === name),
        );
        groups.push(intervals.filter(({ label }) => label === 'exponential'));
        for (const group of groups) {
          const sorted = [...group].sort((a, b) => a.from - b.from);
          sorted.forEach((item, i) => {
            expect(item.from).toBeGreaterThanOrEqual((sorted[i - 1]?.to ?? 0) - 1e-6);
          });
        }
      }),
      { numRuns: 20 },
    );
  });

  it('gains from each technique or loses nothing', () => {
    const clocks = (design: Partial<Design>) =>
      simulateWorkTile({ plain: 32, masked: 0 }, { ...AVO_DESIGN, ...design }).clocks;
    const tuned = clocks({});
    expect(clocks({ rescale: 'branch' })).toBeGreaterThan(tuned);
    expect(clocks({ correction: 'serial' })).toBeGreaterThan(tuned);
    expect(clocks({ correctionRegisters: 80 })).toBeGreaterThan(tuned);
    expect(clocks({ correctionRegisters: 200 })).toBe(tuned);
  });

  it("is faster with FA4's threshold, where normal data never rescale, than where every block is rescaled", () => {
    const { blockClocks } = steadyState(FA4_DESIGN, B200);
    expect(blockClocks).toBeLessThan(steadyState(AVO_DESIGN, B200).blockClocks);
    const { intervals } = simulateWorkTile({ plain: 32, masked: 0 }, FA4_DESIGN);
    expect(intervals.some(({ label }) => label === 'rescale')).toBe(false);
  });

  it('is bound by its four products where nothing else takes time', () => {
    const free = Object.fromEntries(Object.keys(DEFAULT_TIMING).map((name) => [name, 0])) as typeof DEFAULT_TIMING;
    const timing = { ...free, lanes: 1e9, loadStages: 4, emulatedShare: 1 };
    const { blockClocks } = steadyState(AVO_DESIGN, B200, timing);
    expect(blockClocks).toBeCloseTo(2048, 0);
  });
});

describe('the event simulator', () => {
  const work = (clocks: number, on?: string): Step => ({ kind: 'work', clocks, label: 'x', on });

  it('serves a shared resource in order of arrival', () => {
    const { clocks, intervals } = simulate({ a: [work(5), work(10, 'u')], b: [work(2), work(10, 'u')] });
    expect(intervals.filter(({ to, from }) => to - from === 10)).toMatchObject([
      { agent: 'b', from: 2, to: 12 },
      { agent: 'a', from: 12, to: 22 },
    ]);
    expect(clocks).toBe(22);
  });

  it('tells who waits where agents wait in a circle', () => {
    expect(() => simulate({ a: [{ kind: 'wait', event: 'never' }] })).toThrow(/a waits for.*never/);
  });
});
