/** The chart of a run: bars beside published bars, every output format, hostile names, and nothing to draw. */

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { figureChart } from '../../src/chart/figure.ts';
import { seriesScale } from '../../src/chart/palette.ts';
import { renderSvg, writeChart } from '../../src/chart/render.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { HOSTILE, measured, runOf, skipped } from '../runs.ts';

const SHAPE = { queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 32768 };
const point = (changes: Partial<Workload> = {}) => measured({ ...SHAPE, ...changes });

describe('the figure', () => {
  it('draws local and published bars with their values, both masks, sources and the finding', async () => {
    const svg = await renderSvg(figureChart(runOf([point(), point({ mask: 'causal' })]), 'avo'));
    for (const text of [
      '1668 TFLOPS',
      '1638 TFLOPS',
      '100 GFLOPS',
      'full mask',
      'causal mask',
      'AVO arXiv:2603.24517v1 Fig3',
    ]) {
      expect(svg).toContain(text);
    }
    expect(svg).toContain('wasm-flash reaches 100 GFLOPS here; AVO on B200 is 17,000 times faster (32k, full mask)');
  });

  it('sets a workload that ran with fewer threads too apart from the same with more', async () => {
    const svg = await renderSvg(figureChart(runOf([point(), { ...point(), threads: 1 }]), 'avo'));
    expect(svg).toMatch(/>32k, 1 thread</);
    expect(svg).toMatch(/>32k</);
    expect(await renderSvg(figureChart(runOf([{ ...point(), threads: 1 }]), 'avo'))).not.toContain('1 thread');
  });

  it('shows hostile device names as text', async () => {
    const specification = figureChart(runOf([point()], HOSTILE), 'avo');
    const svg = await renderSvg(specification);
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('&lt;script&gt;');
    const path = join(mkdtempSync(join(tmpdir(), 'attnbench-chart-')), 'chart.html');
    await writeChart(specification, path);
    expect(readFileSync(path, 'utf8').match(/<script>/g)).toHaveLength(4);
  });

  it('writes PNG, HTML and the specification by extension', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'attnbench-chart-'));
    const specification = figureChart(runOf([point()]), 'avo');
    await writeChart(specification, join(folder, 'a.png'));
    expect(readFileSync(join(folder, 'a.png')).subarray(1, 4).toString()).toBe('PNG');
    await writeChart(specification, join(folder, 'a.vl.json'));
    expect(JSON.parse(readFileSync(join(folder, 'a.vl.json'), 'utf8'))).toMatchObject({
      config: { title: { anchor: 'start' } },
    });
    await expect(writeChart(specification, join(folder, 'a.gif'))).rejects.toThrow('no known extension');
  });

  it('draws a run that no figure matches, and says so', async () => {
    const svg = await renderSvg(figureChart(runOf([point({ seqQuery: 100, seqKv: 100 })]), 'avo'));
    expect(svg).toContain('no published figure matches');
  });

  it('writes a sentence where nothing was measured', async () => {
    const svg = await renderSvg(figureChart(runOf([skipped('no device at all')]), 'avo'));
    expect(svg).toContain('Nothing was measured.');
    expect(svg).toContain('no device at all');
  });

  it('keeps one order and one colour for every series', () => {
    const scale = seriesScale(['wasm-flash', 'FA4', 'unheard-of', 'AVO']);
    expect(scale.domain).toEqual(['AVO', 'FA4', 'wasm-flash', 'unheard-of']);
    expect(new Set(scale.range).size).toBe(4);
  });
});
