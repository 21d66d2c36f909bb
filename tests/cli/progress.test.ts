/** The line of progress, and what is said of a busy machine. */

import { describe, expect, it } from 'vitest';
import { loadWarning } from '../../src/cli/machine-load.ts';
import { progressLine } from '../../src/cli/terminal/progress.ts';
import type { ProgressState } from '../../src/report/progress-text.ts';

const state = (changes: Partial<ProgressState> = {}): ProgressState => ({
  ...{ share: 0.25, message: '32k full: wasm-flash, sample 3', secondsLeft: 30, sinceSeconds: 0 },
  ...changes,
});

describe('the line of progress', () => {
  it('counts down by itself, and its bar grows', () => {
    const lines = [0, 10, 20].map((sinceSeconds) => progressLine(state({ sinceSeconds }), 100));
    expect(lines.map((line) => /(\d+) %, (\d+) s left/.exec(line)?.slice(1))).toEqual([
      ['25', '30'],
      ['50', '20'],
      ['75', '10'],
    ]);
    expect(lines.map((line) => line.match(/█/g)?.length)).toEqual([10, 20, 30]);
  });

  it('says by how much an estimate was wrong, and never that no time is left', () => {
    expect(progressLine(state({ sinceSeconds: 29.9 }), 100)).toContain(', 1 s left');
    expect(progressLine(state({ sinceSeconds: 42 }), 100)).toContain(', 12 s longer than expected');
    expect(progressLine(state({ share: 0.999, sinceSeconds: 42 }), 100)).toContain('99 %');
    expect(progressLine(state({ secondsLeft: 900 }), 100)).toContain(', 15 min left');
    expect(progressLine(state({ secondsLeft: null }), 100)).toMatch(/ 25 % · 32k full/);
  });

  it.each([40, 60, 80, 120])('fits %i columns, and gives up its bar before its words', (columns) => {
    const long = '1000k causal: wasm-multiply-add-5x4, sample 12';
    for (const message of ['x', '32k full: wasm-flash, sample 3', long, long.repeat(3)]) {
      const line = progressLine(state({ message, secondsLeft: 7000, sinceSeconds: 8000 }), columns);
      expect(line.length).toBeLessThan(columns);
      if (message.length + 40 < columns) expect(line).toContain(message);
    }
    if (columns === 80) expect(progressLine(state({ message: long }), 80)).toContain(long);
  });
});

describe('a load', () => {
  it('is warned of where it is high and still there', () => {
    expect(loadWarning({ average: 3, cores: 2 }, 0.9)).toMatch(/\(load 3\.00 on 2 cores\).*Close it/);
    // The run before this one.
    expect(loadWarning({ average: 1.8, cores: 2 }, 0.05)).toBeNull();
    expect(loadWarning({ average: 0.9, cores: 2 }, 1)).toBeNull();
    expect(loadWarning({ average: 3, cores: 16 }, 1)).toBeNull();
  });
});
