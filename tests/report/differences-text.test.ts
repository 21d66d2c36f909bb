/** The comparison of two runs in words: its table, and the verdict that it ends with. */

import { describe, expect, it } from 'vitest';
import { compareRuns } from '../../src/compare/runs.ts';
import type { Measured } from '../../src/record/measurement.ts';
import { formatDifferences, verdictText } from '../../src/report/differences-text.ts';
import { measured, runOf } from '../runs.ts';

const point = (seqQuery: number, factor = 1): Measured => {
  const m = measured({ batch: 1, queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery });
  // Its ceiling is left out: the verdict is that of rates.
  const { ceiling: _, ...rest } = m;
  return {
    ...rest,
    // A simulated clock, so that nothing varies between processes.
    samples: m.samples.map((sample) => ({ ...sample, clock: 'mock' as const, seconds: sample.seconds / factor })),
    tflops: { ...m.tflops, median: m.tflops.median * factor },
  };
};
const compare = (before: Measured[], after: Measured[]) => compareRuns(runOf(before), runOf(after));
const NAMES = ['old', 'new'] as const;

describe('the verdict', () => {
  const few = (m: Measured): Measured => ({ ...m, samples: m.samples.slice(0, 3) });

  it.each<[string, Measured[], Measured[], string]>([
    [
      'slower',
      [point(1024), point(2048)],
      [point(1024, 0.8), point(2048, 0.5)],
      'Against old, new is slower in all 2 points, by up to 2x (wasm-flash, 2k full, 16 heads, d 128).',
    ],
    [
      'mixed',
      [point(1024), point(2048), point(4096)],
      [point(1024, 0.5), point(2048, 1.61), point(4096)],
      'Against old, new is slower in 1 of 3 points, by 2x (wasm-flash, 1k full, 16 heads, d 128); faster in 1 of 3 points, ' +
        'by 1.61x (wasm-flash, 2k full, 16 heads, d 128); the same in 1.',
    ],
    ['the same', [point(1024)], [point(1024)], 'new is as fast as old: 1 point within 3 %.'],
    [
      'unclear',
      [few(point(1024))],
      [few(point(1024, 3))],
      'Whether new is faster or slower than old is unclear: of 1 point, one side has fewer than 3 ' +
        'processes and too few samples. Measure both again with a larger --budget.',
    ],
  ])('says %s', (_, before, after, text) => {
    expect(verdictText(compare(before, after), [], NAMES)).toBe(text);
  });

  it('says where more than the time differs', () => {
    expect(verdictText(compare([point(1024)], [point(1024)]), ['node 22 before, 26 after'], NAMES)).toMatch(
      /More than the time differs between the two/,
    );
  });
});

it.each([100, 60, 40])('the comparison fits %i columns', (width) => {
  const before = [point(1024), point(2048)].map((m) => ({ ...m, threads: 1, kernelHash: 'a hash of many letters' }));
  const text = formatDifferences(
    compare(before, [point(1024, 2), point(2048, 2)]),
    ['a setting with a name of many words is so before, and is otherwise after'],
    ['wasm-flash, 4k full, 16 heads, d 128: failed, for a reason that takes many words'],
    width,
  );
  expect(text).toMatch(/2\.00x faster/);
  // A table of numbers has a least width; everything else keeps to the terminal.
  const prose = text.split('\n\n').filter((block) => !block.startsWith('kernel'));
  expect(prose.flatMap((block) => block.split('\n')).filter((line) => line.length > width)).toEqual([]);
});
