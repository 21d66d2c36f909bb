/** The terminal table, whole: what a run of exact rates prints. */

import { describe, expect, it } from 'vitest';
import { comparePublished } from '../../src/compare/comparisons.ts';
import type { Measurement, RunDocument } from '../../src/record/measurement.ts';
import { formatTable, PLAIN } from '../../src/report/table.ts';
import { measured, runOf, skipped } from '../runs.ts';

const LONG = { batch: 1, queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 32768 };

const compared = (measurements: Measurement[], device = 'A CPU'): RunDocument => {
  const run = runOf(measurements, device);
  return { ...run, comparisons: comparePublished(run.measurements, run.context, 'avo') };
};

it('shows rates, shares and ratios under their heads, then notes, sources and cases without a number', () => {
  const causal = measured({ ...LONG, mask: 'causal' });
  const run: RunDocument = {
    ...runOf([measured(LONG), { ...causal, coverage: 0.25 }, skipped('no device at all', LONG)], 'Mock device'),
    ratios: [
      {
        ...{ kernel: 'wasm-flash', baseline: 'scalar-flash', workload: causal.workload, threads: 2, device: 0 },
        ...{ ratio: 12.5, low: 12.25, high: 12.75 },
      },
    ],
  };
  const comparisons = comparePublished(run.measurements, run.context, 'avo');
  expect(formatTable({ ...run, comparisons })).toMatchInlineSnapshot(`
    "16 heads, d 128, batch 1, f32 · Mock device: WebAssembly (2 threads)

                                                 time     % of    slower
    kernel      mask    seq            rate  per pass  n  peak  than AVO  notes
    wasm-flash  full    32k  100 ± 0 GFLOPS    88.0 s  6  80 %   17,000x  a
    wasm-flash  causal  32k  100 ± 0 GFLOPS   ~44.0 s  6  80 %   16,000x  a b

    wasm-flash is 12.5x faster [12.3, 12.8] than scalar-flash, 32k causal, 16 heads, d 128

    a  computed in f32, published in BF16
    b  timed part of the work, full time extrapolated; --full runs it all
    Published on B200: AVO arXiv:2603.24517v1 Fig3 (bursts: passes of some milliseconds, from rest)

    Skipped: wasm-flash (32k full, 16 heads, d 128): no device at all
    "
  `);
});

describe('the width', () => {
  const points = [4096, 32768].flatMap((seqQuery) =>
    (['full', 'causal'] as const).flatMap((mask) => {
      const m = measured({ ...LONG, seqQuery, batch: 32768 / seqQuery, mask });
      return [m, { ...m, kernel: 'wgsl-flash-overlap (Chromium 153.0.8010.0)', device: 0, coverage: 0.25 }];
    }),
  );
  const without = skipped('a reason of many words, '.repeat(12), LONG);
  const run = compared([...points, without], `A device of ${'many words '.repeat(20)}`);
  const lines = (width: number, kind: 'usual' | 'wide' = 'usual') =>
    formatTable(run, PLAIN, { width, kind }).split('\n');

  it.each([160, 100, 80, 40])('of %i columns is never passed', (width) => {
    expect(lines(width).filter((line) => line.length > width)).toEqual([]);
  });

  it('takes columns away by rank, says which, and leaves the rate', () => {
    expect(lines(160).join(' ')).not.toContain('Not shown');
    expect(lines(80).join(' ')).toMatch(/Not shown for want of room: .*; --wide has all/);
    expect(lines(40).some((line) => /100 GFLOPS/.test(line))).toBe(true);
    // What is narrow stays where something wide went.
    const spread = compared([{ ...measured(LONG), kernel: 'k'.repeat(21), tflops: { median: 0.1 } }]);
    const spreadLines = formatTable(spread, PLAIN, { width: 80, kind: 'usual' });
    expect(spreadLines).toMatch(/Not shown for want of room: time per pass;/);
    expect(spreadLines).toMatch(/ n +peak +than AVO/);
    expect(lines(40, 'wide').some((line) => line.length > 100 && /FA4/.test(line))).toBe(true);
  });
});

it('sorts the letters of a row, and says where one sample has no spread', () => {
  const one = measured({ ...LONG, mask: 'causal' });
  const text = formatTable(
    compared([
      { ...measured(LONG), converged: false },
      { ...one, samples: one.samples.slice(0, 1), coverage: 0.5, tflops: { median: 0.1 } },
      { ...measured({ ...LONG, mask: 'causal' }), kernel: 'scalar-flash', coverage: 0.5, converged: false },
    ]),
  );
  expect(text).toMatch(/scalar-flash .* {2}a b c$/m);
  expect(text).toMatch(/^[a-z] {2}1 sample: no spread/m);
});

it('shows a part of the point in a column only where it differs', () => {
  const one = measured(LONG);
  const text = formatTable(compared([one, { ...one, threads: 1 }, { ...one, kernel: 'wgsl-flash', threads: null }]));
  expect(text).toMatch(/seq {2}threads/);
  expect(text).not.toMatch(/heads {2}|batch {2}|dtype {2}/);
});

it('groups points without a number by their reason', () => {
  const kernels = ['wgsl-flash', 'wgsl-rows'];
  const masks = ['full', 'causal'] as const;
  const all = kernels.flatMap((kernel) => masks.map((mask) => ({ ...skipped('no GPU', { ...LONG, mask }), kernel })));
  expect(formatTable(compared(all))).toContain('Skipped: wgsl-flash, wgsl-rows (every workload): no GPU');
  expect(formatTable(compared([...all.slice(1), measured(LONG)])).replaceAll(/\s+/g, ' ')).toContain(
    'Skipped: wgsl-flash (32k causal, 16 heads, d 128), wgsl-rows (32k full, 16 heads, d 128), wgsl-rows',
  );
});

it('keeps nearest figures in a column of their own', () => {
  const text = formatTable(compared([measured(LONG), measured({ ...LONG, seqQuery: 1024, batch: 32 })]), PLAIN, {
    width: 120,
    kind: 'usual',
  });
  expect(text).toMatch(/slower {2}slower,/);
  expect(text).toMatch(/^wasm-flash .* 17,000x +- /m);
  expect(text).toMatch(/^wasm-flash .* - +16,000x /m);
  expect(text).toContain('nearest published: AVO on B200, 4k full');
});
