/** The chart of a run: dots beside published dots and the factor between them, every output format, hostile names, and nothing to draw. */

import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { figureChart } from '../../src/chart/figure.ts';
import { VEGA_LITE } from '../../src/chart/frame.ts';
import { seriesScale } from '../../src/chart/palette.ts';
import { renderSvg, writeChart } from '../../src/chart/render.ts';
import { findingText } from '../../src/compare/finding.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { comparedRunOf, HOSTILE, measured, skipped } from '../runs.ts';

/** Text of an SVG with plain spaces. */
const plain = (svg: string) => svg.replaceAll('\u00a0', ' ');
const SHAPE = { queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 32768 };
const point = (changes: Partial<Workload> = {}) => measured({ ...SHAPE, ...changes });

describe('the figure', () => {
  it('names every row of a sweep of a thousand lengths', { timeout: 60_000 }, async () => {
    const lengths = Array.from({ length: 1200 }, (_, index) => index + 1);
    const svg = plain(await renderSvg(figureChart(comparedRunOf(lengths.map((seqQuery) => point({ seqQuery }))))));
    expect(svg.match(/>wasm-flash</g)?.length).toBeGreaterThanOrEqual(1200);
  });

  it('is an error where Vega cannot draw a part of it, and no empty picture', async () => {
    const labelExpr = `${'datum.value === 2 ? 2 : '.repeat(1500)}1`;
    const x = { field: 'a', type: 'nominal', axis: { labelExpr } } as const;
    await expect(
      renderSvg({ $schema: VEGA_LITE, data: { values: [{ a: 1 }] }, mark: 'point', encoding: { x } }),
    ).rejects.toThrow('call stack');
  });

  it('draws local and published dots with their values, both masks, sources, the finding and its factor', async () => {
    const svg = await renderSvg(figureChart(comparedRunOf([point(), point({ mask: 'causal' })])));
    for (const text of [
      '1668 TFLOPS',
      '1638 TFLOPS',
      '100 GFLOPS',
      'full mask',
      'causal mask',
      'AVO arXiv:2603.24517v1 Fig3',
      'AVO on B200',
      "dashed: AVO's published",
      '>17,000x<',
    ]) {
      expect(svg).toContain(text);
    }
    expect(plain(svg)).toContain(
      'MHA at 32k runs 17,000 times slower here (wasm-flash, f32, 2 threads, 100 GFLOPS) than',
    );
  });

  it('sets a workload that ran with fewer threads too apart from the same with more', async () => {
    const svg = await renderSvg(figureChart(comparedRunOf([point(), { ...point(), threads: 1 }])));
    expect(svg).toMatch(/>32k, 1 thread</);
    expect(svg).toMatch(/>32k</);
    expect(await renderSvg(figureChart(comparedRunOf([{ ...point(), threads: 1 }])))).not.toMatch(/>32k, 1 thread</);
  });

  it('shows hostile device names as text', async () => {
    const specification = figureChart(comparedRunOf([point()], HOSTILE));
    const svg = await renderSvg(specification);
    expect(svg).not.toContain('<script>');
    expect(svg).toContain('&lt;script&gt;');
    const path = join(mkdtempSync(join(tmpdir(), 'attnbench-chart-')), 'chart.html');
    await writeChart(specification, path);
    expect(readFileSync(path, 'utf8').match(/<script>/g)).toHaveLength(4);
  });

  it('writes PNG, HTML and the specification by extension', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'attnbench-chart-'));
    const specification = figureChart(comparedRunOf([point()]));
    await writeChart(specification, join(folder, 'a.png'));
    expect(readFileSync(join(folder, 'a.png')).subarray(1, 4).toString()).toBe('PNG');
    await writeChart(specification, join(folder, 'a.vl.json'));
    expect(JSON.parse(readFileSync(join(folder, 'a.vl.json'), 'utf8'))).toMatchObject({
      config: { title: { anchor: 'start' } },
    });
    await expect(writeChart(specification, join(folder, 'a.gif'))).rejects.toThrow('no known extension');
  });

  it('draws the nearest figure where none matches, and says so', async () => {
    const svg = await renderSvg(figureChart(comparedRunOf([point({ seqQuery: 100, seqKv: 100 })])));
    expect(plain(svg)).toContain('AVO on B200, at 4k (nearest)');
  });

  it('names the device of each figure, and B200 only where it is one', async () => {
    const heads = { queryHeads: 64, kvHeads: 8, batch: 2, seqQuery: 8192, mask: 'causal' as const };
    const svg = plain(await renderSvg(figureChart(comparedRunOf([point(heads)], undefined, 'all'))));
    expect(svg).toContain('FA2 on A100 80GB PCIe');
    expect(svg).not.toContain('B200');
  });

  it('has the rate of the record, as answer and table do, and says where lines are the spread', async () => {
    const one = { ...point(), tflops: { median: 0.123 } };
    const run = comparedRunOf([one]);
    expect(findingText(run)).toContain('123 GFLOPS');
    const svg = plain(await renderSvg(figureChart(run)));
    expect(svg).toContain('>123 GFLOPS<');
    expect(svg).toContain('Lines through dots: here the spread of samples');
    const both = comparedRunOf([one, point({ mask: 'causal' })]);
    expect(plain(await renderSvg(figureChart(both)))).toContain('95 % intervals here, or the spread');
  });

  it('marks a rate of one sample, which has no spread', async () => {
    const one = point();
    const svg = plain(await renderSvg(figureChart(comparedRunOf([{ ...one, samples: one.samples.slice(0, 1) }]))));
    expect(svg).toContain('100 GFLOPS, 1 sample');
    expect(svg).toContain('Hollow: 1 sample');
  });

  it('writes a sentence where nothing was measured', async () => {
    const svg = await renderSvg(figureChart(comparedRunOf([skipped('no device at all')])));
    expect(svg).toContain('Nothing was measured.');
    expect(svg).toContain('no device at all');
  });

  it('keeps one order and one colour for every series', () => {
    const scale = seriesScale(['wasm-flash', 'FA4', 'unheard-of', 'AVO']);
    expect(scale.domain).toEqual(['AVO', 'FA4', 'wasm-flash', 'unheard-of']);
    expect(new Set(scale.range).size).toBe(4);
  });
});
