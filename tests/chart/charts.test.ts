/** Every chart of every kind of run: numbers and findings, hostile names, and runs with little or nothing in them. */

import { describe, expect, it } from 'vitest';
import { allCharts } from '../../src/chart/all.ts';
import { distanceChart } from '../../src/chart/distance.ts';
import { efficiencyChart } from '../../src/chart/efficiency.ts';
import { decades, wrap } from '../../src/chart/frame.ts';
import { renderSvg } from '../../src/chart/render.ts';
import { rooflineChart } from '../../src/chart/roofline-plot.ts';
import { samplesChart } from '../../src/chart/samples.ts';
import { scalingChart } from '../../src/chart/scaling.ts';
import { themed } from '../../src/chart/theme.ts';
import { HOSTILE, measured, runOf, skipped } from '../runs.ts';

const mha = (seq: number, mask: 'full' | 'causal' = 'full') => ({
  batch: 32768 / seq,
  queryHeads: 16,
  kvHeads: 16,
  headDim: 128,
  seqQuery: seq,
  mask,
});

const RUNS = {
  'a whole run': runOf([measured(mha(4096)), measured(mha(32768)), measured(mha(32768, 'causal'))]),
  'one point': runOf([measured(mha(4096))]),
  'one kernel without a match': runOf([measured({ seqQuery: 100, headDim: 64 })]),
  'only failures': runOf([skipped('no device at all')]),
  'nothing at all': runOf([]),
  'a point without a ceiling': runOf([{ ...measured(mha(4096)), ceiling: undefined } as ReturnType<typeof measured>]),
};

describe.each(Object.entries(RUNS))('%s', (_, run) => {
  it.each(allCharts(run, 'avo', [], null))('gives a chart or a sentence: $name', async ({ draw }) => {
    for (const layout of ['wide', 'narrow'] as const) {
      const svg = await renderSvg(draw(layout));
      // A frame with no text in it would be an empty one.
      expect(/<(text|tspan)[^>]*>[^<]+</.test(svg)).toBe(true);
      expect(/NaN|undefined|Infinity/.exec(svg)?.[0]).toBe(undefined);
    }
  });
});

describe('hostile names', () => {
  const run = runOf([measured(mha(4096)), measured(mha(8192))], HOSTILE);
  it.each(allCharts(run, 'avo', [{ device: HOSTILE, bytesPerSecond: 1e10 }], null))(
    'are text in $name',
    async ({ draw }) => {
      const svg = await renderSvg(draw('wide'));
      expect(svg).not.toContain('<script>');
      expect(svg).not.toContain('<img');
    },
  );
});

describe('what the charts say', () => {
  const text = async (chart: Parameters<typeof renderSvg>[0]) => (await renderSvg(chart)).replaceAll('\u00a0', ' ');

  it('distance: times slower than the headline, and the landmarks', async () => {
    const svg = await text(distanceChart(runOf([measured(mha(32768))])));
    expect(svg).toContain('100 GFLOPS, 17,000x slower');
    expect(svg).toContain('FA3 on H100 SXM5');
    expect(svg).toContain('648 TFLOPS, 2.6x slower');
    expect(svg).toContain('RTX 4090, peak');
  });

  it('efficiency: two kinds of limit, apart', async () => {
    const svg = await text(efficiencyChart(runOf([measured(mha(32768))])));
    expect(svg).toContain('wasm-flash reaches 80 % of the multiply-adds measured here; AVO, in bursts, 74 %');
    expect(svg).toContain('here: of the multiply-adds measured in the same rounds');
    expect(svg).toContain('B200: bursts, of its specification');
    expect(svg.indexOf('B200: bursts, of its')).toBeLessThan(
      svg.indexOf('B200: bursts over a sustained matrix product'),
    );
  });

  it('scaling: what two lengths give, and that one gives nothing', async () => {
    expect(await text(scalingChart(RUNS['a whole run'], 'avo'))).toContain(
      'wasm-flash, full mask: 100 GFLOPS at 4k, 100 GFLOPS at 32k (+0 %)',
    );
    expect(await text(scalingChart(RUNS['one point'], 'avo'))).toContain('needs two lengths');
  });

  it('roofline: a slope only where the memory was measured', async () => {
    const run = RUNS['one point'];
    expect(await text(rooflineChart(run, 'avo'))).toContain('under the limits that are known');
    const known = [{ device: 'A CPU', bytesPerSecond: 2e10 }];
    expect(await text(rooflineChart(run, 'avo', known))).toContain('bound by arithmetic, not by main memory');
    const slow = [{ device: 'A CPU', bytesPerSecond: 1e7 }];
    expect(await text(rooflineChart(run, 'avo', slow))).toContain('main memory bounds them here');
  });

  it('samples: an outlier is named', async () => {
    const point = measured(mha(4096));
    const samples = point.samples.map((s, i) => (i === 3 ? { ...s, seconds: s.seconds * 2 } : s));
    expect(await text(samplesChart(runOf([{ ...point, samples }])))).toContain('is 50 % slower');
    expect(await text(samplesChart(runOf([point])))).toContain('All 6 samples lie within 0.0 % of their medians');
  });
});

describe('layout', () => {
  it('wraps at spaces and cuts words that fit nowhere', () => {
    expect(wrap('one two three', 7)).toEqual(['one two', 'three']);
    expect(wrap('x'.repeat(20), 8)).toEqual([`${'x'.repeat(7)}…`]);
  });

  it('has a grid line for each power of ten', () => {
    expect(decades(0.02, 150)).toEqual([0.01, 0.1, 1, 10, 100]);
  });

  it('themes differ in ink and background, not in the colours of series', () => {
    const specification = efficiencyChart(RUNS['one point']);
    const [light, dark] = [themed(specification, 'light'), themed(specification, 'dark')];
    expect(light.config?.background).not.toBe(dark.config?.background);
    expect(JSON.stringify({ ...light, config: null })).toBe(JSON.stringify({ ...dark, config: null }));
  });
});
