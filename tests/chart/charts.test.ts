/** Every chart of every kind of run: numbers and findings, hostile names, and runs with little or nothing in them. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { EXAMPLES } from '../../scripts/examples.ts';
import { ablationChart } from '../../src/chart/ablation-gains.ts';
import { allCharts } from '../../src/chart/all.ts';
import { distanceChart } from '../../src/chart/distance.ts';
import { efficiencyChart } from '../../src/chart/efficiency.ts';
import { figureChart } from '../../src/chart/figure.ts';
import { decades, wrap } from '../../src/chart/frame.ts';
import { PALETTE, seriesScale } from '../../src/chart/palette.ts';
import { renderSvg } from '../../src/chart/render.ts';
import { labelOffsets, rooflineChart } from '../../src/chart/roofline-plot.ts';
import { samplesChart } from '../../src/chart/samples.ts';
import { scalingChart } from '../../src/chart/scaling.ts';
import { sustainedChart } from '../../src/chart/sustained.ts';
import { themeConfig, themed } from '../../src/chart/theme.ts';
import { whyChart } from '../../src/chart/why.ts';
import { findingText } from '../../src/compare/finding.ts';
import { parseRunFile } from '../../src/compare/run-file.ts';
import { ablationGains } from '../../src/compare/technique-gains.ts';
import { comparedRunOf, HOSTILE, measured, runOf, skipped } from '../runs.ts';

const mha = (seq: number, mask: 'full' | 'causal' = 'full') => ({
  batch: 32768 / seq,
  queryHeads: 16,
  kvHeads: 16,
  headDim: 128,
  seqQuery: seq,
  mask,
});

/** A kernel that falls from 100 to 80 GFLOPS within ten seconds, as a core's clock does where it can be read. */
function lasting(changes: ReturnType<typeof mha>, clock = true): ReturnType<typeof measured> {
  const samples = [1, 0.9, 0.8, 0.8].map((share, index) => ({
    ...{ at: index * 2.5, seconds: 2.5, clock: 'wall' as const },
    flops: share * 2.5e11,
  }));
  const clocks = [4e9, 3.6e9, 3.2e9, 3.2e9].map((hertz, index) => ({ at: index * 2.5, hertz }));
  const sustained = { seconds: 10, restSeconds: 1, samples, burst: 0.1, sustained: 0.08, ...(clock ? { clocks } : {}) };
  return { ...measured(changes), sustained };
}

const RUNS = {
  'a whole run': comparedRunOf([measured(mha(4096)), measured(mha(32768)), measured(mha(32768, 'causal'))]),
  'one point': comparedRunOf([measured(mha(4096))]),
  'one kernel without a match': comparedRunOf([measured({ seqQuery: 100, headDim: 64 })]),
  'only failures': comparedRunOf([skipped('no device at all')]),
  'decoding, which no figure is of': comparedRunOf([measured({ seqQuery: 1, seqKv: 4096 })]),
  'nothing at all': comparedRunOf([]),
  'a run without a pause': comparedRunOf([lasting(mha(4096)), lasting(mha(4096, 'causal'), false)]),
  'a point without a ceiling': comparedRunOf([
    { ...measured(mha(4096)), ceiling: undefined } as ReturnType<typeof measured>,
  ]),
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
  const run = comparedRunOf([measured(mha(4096)), measured(mha(8192))], HOSTILE);
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

  it('distance: times slower than the figure of the finding, and the landmarks under its mask', async () => {
    const svg = await text(distanceChart(comparedRunOf([measured(mha(32768))])));
    expect(svg).toContain('100 GFLOPS, 17,000x slower');
    expect(svg).toContain('FA3 on H100 SXM5');
    expect(svg).toContain('648 TFLOPS, 2.6x slower');
    expect(svg).toContain('RTX 4090, peak');
    const causal = await text(distanceChart(comparedRunOf([measured(mha(32768, 'causal'))])));
    expect(causal).toContain('1637 TFLOPS, the reference');
    expect(causal).toContain('16,000x slower');
    expect(causal).not.toContain('1668 TFLOPS');
  });

  it('distance: marks in the legend are filled as those of the plot', async () => {
    const svg = await text(distanceChart(comparedRunOf([measured(mha(32768))])));
    const symbols = [...svg.matchAll(/role-legend-symbol[^>]*><path([^>]*)>/g)].map(([, path = '']) => path);
    // Without an attribute of its own a path has no fill.
    expect(symbols.map((path) => /fill="([^"]+)"/.exec(path)?.[1] ?? 'none')).toEqual(['#888888', '#888888', 'none']);
  });

  it('why: the product is the ratio, and every factor has a tooltip with its source', async () => {
    const specification = whyChart(comparedRunOf([measured(mha(32768))]));
    interface Row {
      name: string;
      times: string;
      from: number;
      to: number;
      source: string;
    }
    const { values } = (specification as unknown as { data: { values: Row[] } }).data;
    const factors = values.filter(({ times }) => times.startsWith('×'));
    const product = factors.reduce((all, { times }) => all * Number(times.slice(1).replaceAll(',', '')), 1);
    // Each is shown with two digits or three.
    expect(product / (1668 / 0.1)).toBeCloseTo(1, 1);
    expect(factors.map(({ from }) => from).slice(1)).toEqual(factors.map(({ to }) => to).slice(0, -1));
    expect(factors.at(-1)?.to).toBeCloseTo(1668, 6);
    // The description of a bar for screen readers has the fields of its tooltip.
    const bars = [...(await text(specification)).matchAll(/aria-label="([^"]*)"/g)].map(([, label = '']) => label);
    for (const { name, source } of factors) {
      expect(source).toMatch(/measured|paper|derived/);
      const bar = bars.find((label) => label.includes(`name: ${name};`) && label.includes('source: '));
      expect(bar).toContain(`source: ${source.slice(0, 30)}`);
    }
  });

  it('says one factor in the main figure, the distance and the answer', async () => {
    const exact = comparedRunOf([measured(mha(32768)), measured(mha(4096)), measured({ seqQuery: 65_536 })]);
    for (const run of [exact, comparedRunOf([measured(mha(1024))]), comparedRunOf([measured(mha(8192, 'causal'))])]) {
      const [, factor] = /([\d,]+) times (?:slower|faster)/.exec(findingText(run)) ?? [];
      expect(factor).toMatch(/^1\d,000$/);
      expect(await text(figureChart(run))).toContain(`${factor}x`);
      expect(await text(distanceChart(run))).toContain(`wasm-flash here: B200 ${factor}`);
    }
  });

  it('efficiency: two kinds of limit, apart, at the workload of the finding', async () => {
    const causal = { ...measured(mha(32768, 'causal')), ceiling: { ...measured({}).ceiling, share: 0.95 } };
    const run = comparedRunOf([measured(mha(32768)), causal as ReturnType<typeof measured>]);
    const svg = await text(efficiencyChart(run));
    expect(svg).toContain(
      '32k, full mask: wasm-flash reaches 80 % of the peak of WebAssembly measured here; AVO, in bursts, 74 %',
    );
    expect(svg).toContain('here: of the peak measured in the same rounds');
    expect(svg.indexOf('B200: bursts, of its')).toBeLessThan(
      svg.indexOf('B200: bursts over a sustained matrix product'),
    );
    expect(svg).toContain('AVO, 32k causal');
    expect(svg).not.toContain('noise');
  });

  it('efficiency: where the length has no figure, at that of the nearest one', async () => {
    const svg = await text(efficiencyChart(comparedRunOf([measured(mha(1024))])));
    expect(svg).toContain("AVO at 4k, in bursts, 70 % of a B200's specification");
  });

  it('efficiency: calls what lies beyond a limit noise, and cuts nothing off', async () => {
    const { ceiling, ...point } = measured(mha(32768));
    const high = { ...point, ceiling: { name: '', tflops: 0.1, ...ceiling, share: 1.1, shareHigh: 1.4 } };
    const specification = efficiencyChart(comparedRunOf([high]));
    expect(await text(specification)).toContain('Beyond 100 % here is noise');
    const [, most] = /"domain":\[0,([\d.]+)\]/.exec(JSON.stringify(specification)) ?? [];
    expect(Number(most)).toBeGreaterThan(140);
  });

  it('scaling: lines in percent of their shortest length; one length gives none', async () => {
    const specification = scalingChart(RUNS['a whole run'], 'avo');
    expect(await text(specification)).toContain(
      'wasm-flash, full mask: 100 GFLOPS at 4k, 100 GFLOPS at 32k (+0 %); AVO on B200: +6 %',
    );
    const rows = (specification as unknown as { data: { values: { series: string; seq: number; share: number }[] } })
      .data.values;
    expect(rows.find(({ series, seq }) => series === 'AVO' && seq === 32768)?.share).toBeCloseTo(
      (100 * 1668) / 1573,
      6,
    );
    // The causal mask ran at one length only.
    expect(rows.filter(({ series }) => series === 'wasm-flash').map(({ share }) => share)).toEqual([100, 100]);
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

  it('roofline: names of lines that lie close together stand apart from each other and from the lines', () => {
    for (const lines of [[150], [18, 22, 150], [18, 22, 150, 160], [20, 22, 24, 26], [150, 22, 160, 18]]) {
      const names = labelOffsets(lines).map((offset, index) => (lines[index] ?? 0) + offset - 4);
      for (const [index, name] of names.entries()) {
        for (const line of lines) expect(Math.abs(line - name)).toBeGreaterThan(5);
        for (const other of names.slice(index + 1)) expect(Math.abs(other - name)).toBeGreaterThan(11);
      }
    }
  });

  it('ablation: each gain with its interval, all of it inside the axis', async () => {
    const gains = parseRunFile(readFileSync(new URL('ablation.jsonl', EXAMPLES), 'utf8'), 'ablation.jsonl', 'avo');
    const specification = ablationChart(gains);
    const svg = await text(specification);
    expect(svg).toContain('+3.2 % [-4.3, +22.4 %]');
    expect(svg).toContain('+2.1 %');
    const [, least, most] = /"domain":\[(-?[\d.]+),([\d.]+)\]/.exec(JSON.stringify(specification)) ?? [];
    expect(svg).not.toMatch(/[^\d.]-0\.0/);
    for (const { low, high } of ablationGains(gains)) {
      expect(low).toBeGreaterThan(Number(least));
      expect(high).toBeLessThan(Number(most));
    }
  });

  it('ablation: no gain without an interval', async () => {
    const run = parseRunFile(readFileSync(new URL('ablation.jsonl', EXAMPLES), 'utf8'), 'ablation.jsonl', 'avo');
    const bare = { ...run, ratios: run.ratios.map(({ low: _, high: __, ...ratio }) => ratio) };
    expect(await text(ablationChart(bare))).toContain('no gain has an interval');
  });

  it('sustained: what is left of the burst, and the clock where it was read', async () => {
    const svg = (await text(sustainedChart(RUNS['a run without a pause']))).replaceAll('\u00a0', ' ');
    expect(svg).toContain('wasm-flash sustains 80 % of its burst over 10 s, 80.0 GFLOPS of 100 GFLOPS');
    expect(svg).toContain('4.00 GHz to 3.20 GHz');
    expect(svg).toContain('The clock is read beside WebAssembly and machine code only');
    expect(await text(sustainedChart(RUNS['one point']))).toContain('No kernel ran without a pause');
  });

  it('samples: an outlier is named', async () => {
    const point = measured(mha(4096));
    const samples = point.samples.map((s, i) => (i === 3 ? { ...s, seconds: s.seconds * 2 } : s));
    expect(await text(samplesChart(runOf([{ ...point, samples }])))).toContain('is 50 % slower');
    expect(await text(samplesChart(runOf([point])))).toContain('All 6 samples lie within 0.0 % of their medians');
  });

  it('samples: one of each case has no spread, and that is said', async () => {
    const point = measured(mha(4096));
    const one = { ...point, samples: point.samples.slice(0, 1) };
    const other = { ...one, workload: { ...one.workload, mask: 'causal' as const } };
    expect(await text(samplesChart(runOf([one, other])))).toContain('1 sample of each case: they have no spread');
  });

  it('samples: the axis has numbers on both sides of 0, whatever the spread', async () => {
    const point = measured(mha(4096));
    for (const [factor, step] of [
      [1.009, 1],
      [1.3, 20],
      [8, 50],
    ] as const) {
      const samples = point.samples.map((s, i) => (i === 3 ? { ...s, seconds: s.seconds * factor } : s));
      const specification = JSON.stringify(samplesChart(runOf([{ ...point, samples }])));
      expect(specification).toContain(`"values":[-${step},0,${step}]`);
    }
  });
});

describe('layout', () => {
  it('has series that stand out from a dark page', () => {
    const { range } = seriesScale(PALETTE);
    const luminance = (colour: string) =>
      [0.2126, 0.7152, 0.0722].reduce((sum, weight, index) => {
        const value = Number.parseInt(colour.slice(1 + 2 * index, 3 + 2 * index), 16) / 255;
        return sum + weight * (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
      }, 0);
    const dark = luminance(themeConfig('dark').background);
    // WCAG's least contrast of what a graph is made of.
    const faint = PALETTE.filter((_, index) => (luminance(range[index] ?? '') + 0.05) / (dark + 0.05) < 3);
    expect(faint).toEqual([]);
  });

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
