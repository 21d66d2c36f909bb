/** Run against run: what matches, the interval of a ratio, and verdicts that claim nothing that the samples do not show. */

import { describe, expect, it } from 'vitest';
import { compareRuns, contextDifferences } from '../../src/compare/runs.ts';
import { flops } from '../../src/problem/flops.ts';
import type { Measured } from '../../src/record/measurement.ts';
import { differenceCells } from '../../src/report/differences-text.ts';
import { measured, runOf, skipped } from '../runs.ts';

/** A measurement whose samples run at these rates, FLOP/s, three in each of its processes. */
function at(rates: readonly number[], changes: Partial<Measured> = {}): Measured {
  const base = measured({ seqQuery: 512 });
  const work = flops(base.workload);
  const samples = rates.map((rate, index) => ({
    ...{ seconds: work / rate, flops: work, clock: 'wall' as const },
    process: Math.floor(index / 3),
  }));
  const { ceiling: _, ...rest } = base;
  return { ...rest, ...changes, samples };
}

/** Five processes, levels `spread` apart. */
const around = (rate: number, spread: number) =>
  [-1, -0.5, 0, 0.5, 1].flatMap((x) => [0, 0.01, -0.01].map((y) => rate * (1 + y) * Math.exp(x * spread)));
/** Half of the interval of such a run on logarithms: t of 4 degrees of freedom times the deviation of its levels. */
const half = (spread: number) => (2.776 * Math.sqrt(2.5 / 4) * spread) / Math.sqrt(5);
const verdict = (before: number[], after: number[]) => compareRuns(runOf([at(before)]), runOf([at(after)]))[0];

describe('compareRuns', () => {
  it('divides medians, after by before, and adds both intervals in quadrature', () => {
    const found = verdict(around(1e11, 0.01), around(1.2e11, 0.01));
    expect(found?.ratio).toBeCloseTo(1.2, 6);
    expect(found?.low).toBeCloseTo(1.2 * Math.exp(-Math.SQRT2 * half(0.01)), 3);
    expect(found?.high).toBeCloseTo(1.2 * Math.exp(Math.SQRT2 * half(0.01)), 3);
    expect(found?.verdict).toBe('faster');
  });

  it.each([
    ['slower', around(1e11, 0.01), around(0.9e11, 0.01)],
    ['same', around(1e11, 0.005), around(1.005e11, 0.005)],
    // A certain 0.5 % is no difference, and 4 % is not certainly more than the margin.
    ['same', around(1e11, 0.0005), around(1.005e11, 0.0005)],
    ['unclear', around(1e11, 0.01), around(1.04e11, 0.01)],
    // The intervals overlap, and are too wide to call it the same.
    ['unclear', around(1e11, 0.1), around(1.05e11, 0.1)],
    // Six samples of two processes have no interval, however far apart they are.
    ['unclear', around(1e11, 0.01).slice(0, 6), around(2e11, 0.01)],
  ])('says %s', (wanted, before, after) => {
    expect(verdict(before, after)?.verdict).toBe(wanted);
  });

  it('allows for what varies between processes where a run has one', () => {
    const one = (rate: number, process = 0) =>
      at(around(rate, 0.001)).samples.map((sample) => ({ ...sample, process, clock: 'wall' as const }));
    // In an order that has no correlation.
    const mixed = (rate: number) => one(rate).map((_, i, all) => all[(i * 7) % 15] as (typeof all)[number]);
    const found = (factor: number) => {
      const [before, after] = [mixed(1e11), mixed(1e11 * factor)].map((samples) => ({ ...at([1e11]), samples }));
      return compareRuns(runOf([before as Measured]), runOf([after as Measured]))[0];
    };
    const said = (factor: number) => found(factor)?.verdict;
    expect([said(1), said(1.05), said(1.12), said(0.88)]).toEqual(['unclear', 'unclear', 'faster', 'slower']);
    // No interval is claimed, and that the verdict rests on an assumption is.
    expect(found(1.12)).toMatchObject({ low: null, high: null, assumed: true });
    expect(verdict(around(1e11, 0.01), around(1.2e11, 0.01))?.assumed).toBe(false);
  });

  it('calls nothing different whose share of the ceiling beside it is the same', () => {
    const ceiling = (share: number) => ({
      ceiling: { name: 'adds', tflops: 0.125, share, shareLow: share * 0.99, shareHigh: share * 1.01 },
    });
    const said = (share: number, device = 'A CPU') =>
      compareRuns(
        runOf([at(around(1e11, 0.001), ceiling(0.8))]),
        runOf([at(around(1.2e11, 0.001), ceiling(share))], device),
      )[0]?.verdict;
    expect(said(0.8)).toBe('unclear');
    expect(said(0.96)).toBe('faster');
    // Another machine has another ceiling, which is why its rate counts.
    expect(said(0.8, 'Another')).toBe('faster');
  });

  it('compares the same kernel at the same workload and type, and nothing else', () => {
    const other = at(around(1e11, 0.01), { kernel: 'wgsl-flash' });
    const longer = measured({ seqQuery: 1024 });
    const half = {
      ...at(around(1e11, 0.01)),
      workload: { ...measured({ seqQuery: 512 }).workload, dtype: 'f16' as const },
    };
    const run = runOf([other, longer, half, skipped('no device')]);
    expect(compareRuns(run, runOf([at(around(1e11, 0.01))]))).toEqual([]);
    expect(compareRuns(run, run)).toHaveLength(3);
  });

  it('names what else differs, each once in the notes', () => {
    const before = runOf([at(around(1e11, 0.01)), at(around(1e11, 0.01), { kernel: 'scalar-flash' })], 'One CPU');
    const after = runOf(
      [at(around(1e11, 0.01)), at(around(1e11, 0.01), { kernel: 'scalar-flash', threads: 1 })],
      'Another',
    );
    const { cells, notes } = differenceCells(compareRuns(before, after));
    expect(notes).toEqual(['1: device: One CPU before, Another after', '2: threads: 2 before, 1 after']);
    expect(cells.slice(1).map((row) => row.at(-1))).toEqual(['1', '1, 2']);
  });

  it('takes the host that is most alike where a kernel ran in several', () => {
    const node = at(around(1e11, 0.01));
    const browser = at(around(2e11, 0.01), { host: 'browser' });
    const [found] = compareRuns(runOf([node, browser]), runOf([at(around(2e11, 0.01), { host: 'browser' })]));
    expect(found?.before.host).toBe('browser');
    expect(found?.caveats).toEqual([]);
  });
});

describe('contextDifferences', () => {
  const { context } = runOf([]);
  const settings = {
    ...{ budget: 30, samples: null, full: false, seed: 1, baseline: null, adapter: null, limits: {} },
    tiles: 'tuned' as const,
  };

  it('names versions, devices, the seed and settings that differ', () => {
    const before = { ...context, settings };
    const after = {
      ...{ ...context, seed: 2, versions: { ...context.versions, node: '1.2.3' } },
      settings: {
        ...settings,
        budget: 60,
        samples: 7,
        full: true,
        limits: { maxBufferSize: 1024 },
        tiles: 'file' as const,
      },
    };
    expect(contextDifferences(before, before)).toEqual([]);
    expect(contextDifferences(before, after)).toEqual([
      `node ${context.versions['node'] ?? 'none'} before, 1.2.3 after`,
      'seed 1 before, 2 after',
      'budget 30 s before, 60 s after',
      'samples as many as settle before, 7 after',
      'work parts before, whole workloads after',
      'limits none before, maxBufferSize=1024 after',
      'configurations tuned before, from a file after',
    ]);
  });

  it('says nothing of settings where one record has none', () => {
    expect(contextDifferences(context, { ...context, settings })).toEqual([]);
  });
});
