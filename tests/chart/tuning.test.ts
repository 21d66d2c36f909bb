/** The chart of a search: its finding, the best so far, turning points, failures, and searches that have little to draw. */

import { describe, expect, it, vi } from 'vitest';
import { renderSvg } from '../../src/chart/render.ts';
import { tuningChart } from '../../src/chart/tuning.ts';
import { drawnTrials, stretchesOf } from '../../src/chart/tuning-trials.ts';
import type { Search, Trial } from '../../src/measure/search-record.ts';
import { HOSTILE } from '../runs.ts';

/** A trial of a kernel with so many rows; one of 9 rounds has an interval. */
function trial(rung: number, kernel: string, rows: number, ratio: number | null): Trial {
  const rounds = ratio === null ? 0 : ([2, 4, 9][rung] ?? 0);
  const bounds = rung === 2 && ratio !== null ? { low: ratio - 0.02, high: ratio + 0.02 } : { low: null, high: null };
  return {
    rung,
    kernel,
    tile: { rows, keys: 8 },
    ratio,
    ...bounds,
    rounds,
    message: ratio === null ? 'wrong result' : null,
  };
}

function searchOf(trials: Trial[], changes: Partial<Search> = {}): Search {
  const rows = (count: number) => ({ rows: count, keys: 8 });
  return {
    ...{ kernel: 'wgsl-flash', device: 'a GPU', variant: null, headDim: 128, mask: 'full', dtype: 'f16' },
    ...{ shipped: rows(4), candidates: [rows(8), rows(12)], pruned: [], unsupported: [] },
    alternatives: [{ kernel: 'wgsl-matrix', shipped: rows(16), candidates: [rows(32)] }],
    trials,
    ...changes,
  };
}

const TRIALS = [
  trial(0, 'wgsl-matrix', 16, 1.1),
  trial(0, 'wgsl-flash', 8, null),
  trial(0, 'wgsl-matrix', 32, 1.4),
  trial(0, 'wgsl-flash', 12, 0.9),
  trial(1, 'wgsl-matrix', 32, 1.2),
  trial(2, 'wgsl-matrix', 32, 1.25),
  trial(2, 'wgsl-flash', 12, 0.92),
];

const text = async (search: Search) => (await renderSvg(tuningChart(search))).replaceAll('\u00a0', ' ');

describe('the trials that are drawn', () => {
  const drawn = drawnTrials(searchOf(TRIALS));

  it('have the best so far, anew for each length of comparisons', () => {
    expect(drawn.map(({ best }) => best)).toEqual([1.1, 1.1, 1.4, 1.4, 1.2, 1.25, 1.25]);
    expect(drawn.filter(({ turning }) => turning).map(({ number }) => number)).toEqual([1, 3, 5, 6]);
  });

  it('are named by their kernel and what they change of its default', () => {
    expect(drawn.slice(0, 4).map(({ name }) => name)).toEqual([
      ...['wgsl-matrix: default', 'wgsl-flash: rows 8', 'wgsl-matrix: rows 32', 'wgsl-flash: rows 12'],
    ]);
    expect(drawnTrials(searchOf([trial(0, 'wgsl-flash', 8, 1)], { alternatives: [] }))[0]?.name).toBe('rows 8');
  });

  it('lie in stretches of one length', () => {
    expect(stretchesOf(searchOf(TRIALS))).toEqual([
      { first: 1, last: 4, rounds: 2 },
      { first: 5, last: 5, rounds: 4 },
      { first: 6, last: 7, rounds: 9 },
    ]);
  });

  it('of a search that was continued take up the best where it was left', () => {
    const again = drawnTrials(searchOf([...TRIALS, trial(0, 'wgsl-flash', 8, 1.3), trial(2, 'wgsl-flash', 8, 1.3)]));
    expect(again.slice(-2).map(({ best, turning }) => ({ best, turning }))).toEqual([
      { best: 1.4, turning: false },
      { best: 1.3, turning: true },
    ]);
  });
});

describe('the chart', () => {
  it('says what won, by how much and over what', async () => {
    const svg = await text(searchOf(TRIALS));
    expect(svg).toContain("A configuration of wgsl-matrix runs at 1.25 times the default's speed");
    expect(svg).toContain('The default is that of wgsl-flash.');
    for (const part of ['6 wgsl-matrix: rows 32', '2 rounds', '9 rounds', 'default', '×', "times the default's speed"])
      expect(svg).toContain(part);
  });

  it('says that the default stays', async () => {
    const slower = searchOf([trial(0, 'wgsl-flash', 8, 0.9), trial(2, 'wgsl-flash', 8, 0.9)]);
    expect(await text(slower)).toMatch(/No better configuration found so far: .*0\.90 times/);
    expect(await text(slower)).toContain('is slower');
    const noise = searchOf([trial(0, 'wgsl-flash', 8, 1.01), trial(2, 'wgsl-flash', 8, 1.01)]);
    expect(await text(noise)).toContain('noise');
  });

  it.each([
    ['one trial', [trial(0, 'wgsl-flash', 8, 1)]],
    ['ratios far apart', [trial(0, 'wgsl-flash', 8, 0.02), trial(0, 'wgsl-matrix', 16, 40)]],
    ['only failures', [trial(0, 'wgsl-flash', 8, null)]],
    ['no trials', []],
    ['many new bests', Array.from({ length: 200 }, (_, i) => trial(0, 'wgsl-flash', i, 1 + i / 100))],
  ] as [string, Trial[]][])('draws %s', async (_, trials) => {
    const warned = vi.spyOn(console, 'warn');
    for (const layout of ['wide', 'narrow'] as const) {
      const svg = await renderSvg(tuningChart(searchOf(trials), layout));
      expect(/<(text|tspan)[^>]*>[^<]+</.test(svg)).toBe(true);
      expect(/NaN|undefined|Infinity/.exec(svg)?.[0]).toBe(undefined);
    }
    expect(warned).not.toHaveBeenCalled();
    warned.mockRestore();
  });

  it('shows hostile names as text', async () => {
    const hostile = searchOf([trial(0, HOSTILE, 8, 1.2)], { kernel: HOSTILE, device: HOSTILE, alternatives: [] });
    expect(await text(hostile)).not.toContain('<script>');
  });
});
