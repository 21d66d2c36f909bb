/** The cited figures: their number, their headline, their bounds; and ratios to them. */

import { describe, expect, it } from 'vitest';
import { figureGqa } from '../../bench/figure-gqa.ts';
import { figureMha } from '../../bench/figure-mha.ts';
import { CLAIMS } from '../../src/compare/claims.ts';
import { comparePublished, ratioTo } from '../../src/compare/comparisons.ts';
import { differencesOf, matching, nearest, publishedFigures } from '../../src/compare/published-figures.ts';
import { flops } from '../../src/problem/flops.ts';
import type { Workload } from '../../src/problem/workload.ts';
import type { Context, Measured, Published } from '../../src/record/measurement.ts';
import { workload } from '../workloads.ts';

const LONG = workload({ queryHeads: 16, kvHeads: 16, headDim: 128, seqQuery: 32768 });

describe('published figures', () => {
  it('holds the AVO paper apart from the FA4 paper', () => {
    expect(publishedFigures('avo')).toHaveLength(72);
    // 72 of the FA4 paper and 120 of other devices and shapes.
    expect(publishedFigures('all')).toHaveLength(264);
    expect(new Set(publishedFigures('avo').map(({ device }) => device))).toEqual(new Set(['B200']));
    expect(matching(LONG, 'avo').map(({ library, tflops, error }) => [library, tflops, error])).toEqual([
      ['AVO', 1668, 18.6],
      ['cuDNN', 1638, 11.7],
      ['FA4', 1651, 22.2],
    ]);
  });

  it('are of no workload that asks more of the scores, and say so where one is the nearest', () => {
    const asked = { ...LONG, softcap: 50, sinks: true, alibi: true };
    for (const one of [{ softcap: 50 }, { sinks: true }, { alibi: true }]) {
      expect(matching({ ...LONG, ...one }, 'avo')).toEqual([]);
    }
    expect(matching({ ...LONG, softcap: null, sinks: false, alibi: false }, 'avo')).toHaveLength(3);
    const found = nearest(asked, 'avo') as Published;
    expect(differencesOf(asked, found.workload)).toEqual([
      'no soft-cap instead of soft-cap 50',
      'no sinks instead of sinks',
      'no ALiBi instead of ALiBi',
    ]);
  });

  it('gives the ranges that the paper states: causal AVO over FA4 +5.0 to +10.5 %, over cuDNN +0.4 to +3.5 %', () => {
    const gains = (other: string) =>
      [4096, 8192, 16384, 32768].map((seqQuery) => {
        const figures = matching(
          { ...LONG, seqQuery, seqKv: seqQuery, batch: 32768 / seqQuery, mask: 'causal' },
          'avo',
        );
        const rate = (library: string) => figures.find((figure) => figure.library === library)?.tflops ?? Number.NaN;
        return (rate('AVO') / rate(other) - 1) * 100;
      });
    expect(Math.max(...gains('FA4'))).toBeCloseTo(10.5, 0);
    expect(Math.min(...gains('FA4'))).toBeCloseTo(5.0, 1);
    expect(Math.max(...gains('cuDNN'))).toBeCloseTo(3.5, 0);
    expect(Math.min(...gains('cuDNN'))).toBeCloseTo(0.4, 0);
  });

  it('keeps bounds as bounds, each with the configuration that it belongs to', () => {
    const bounds = CLAIMS.filter(({ kind }) => kind === 'bound');
    expect(bounds.map(({ value }) => value)).toEqual([3.5, 10.5, 7, 9.3]);
    expect(bounds.every(({ where }) => /^causal, sequence length 4k/.test(where))).toBe(true);
  });
});

const measured = (seconds: number[], changes: Partial<Measured> = {}): Measured => ({
  ...{ kernel: 'wasm-flash', backend: 'wasm', host: 'node', device: 0, variant: null, threads: 2, kernelHash: null },
  ...{ workload: LONG, state: 'measured', converged: true, coverage: 1, compileSeconds: 0, prepareSeconds: 0 },
  samples: seconds.map((s) => ({ seconds: s, flops: flops(LONG), clock: 'wall' as const })),
  tflops: { median: flops(LONG) / (seconds[0] ?? 1) / 1e12 },
  passSeconds: seconds[0] ?? 1,
  verification: { rows: 1, maxAbsoluteError: 0, maxRelativeError: 0, tolerance: 1 },
  ...changes,
});
const CONTEXT: Context = {
  ...{ argv: [], label: null, startedAt: '2026-01-01T00:00:00Z', versions: {}, seed: 1, cancelled: false },
  devices: [],
};

describe("the suites of the AVO paper's figures", () => {
  // 3 libraries at 4 lengths under both masks; GQA with 4 and with 8 KV heads.
  it.each([
    [figureMha, 24],
    [figureGqa, 48],
  ])('$name has a figure for every workload', ({ workloads }, count) => {
    const compared = comparePublished(
      workloads.map((w) => measured([1], { workload: w })),
      CONTEXT,
      'avo',
    );
    expect(compared.filter(({ published }) => published !== null)).toHaveLength(count);
    expect(compared).toHaveLength(count);
  });
});

describe('ratios', () => {
  it('combines both errors in quadrature', () => {
    const figure = {
      ...(matching(LONG, 'avo')[0] as NonNullable<ReturnType<typeof matching>[number]>),
      tflops: 1000,
      error: 30,
    };
    const seconds = [0.96, 1, 1, 1, 1, 1 / 0.96].map((x) => x * 8796.093022208);
    const { ratio, ratioError } = ratioTo(measured([...seconds], { tflops: { median: 0.001 } }), figure);
    expect(ratio).toBeCloseTo(1e6, 3);
    // Half of the spread over the median is 4.1 %, the published error 3 %.
    expect((ratioError ?? 0) / ratio).toBeCloseTo(Math.hypot((1 / 0.96 - 0.96) / 2, 0.03), 6);
  });

  it('knows no error of a single sample', () => {
    expect(ratioTo(measured([1]), matching(LONG, 'avo')[0] as never).ratioError).toBeNull();
  });

  it('takes the nearest figure, and says that it is one, where none is exact', () => {
    const near = measured([1], { workload: { ...LONG, queryHeads: 8, kvHeads: 8 } });
    const [comparison, ...others] = comparePublished([near], CONTEXT, 'all');
    expect(others).toEqual([]);
    expect(comparison).toMatchObject({ kind: 'nearest', published: { library: 'AVO', tflops: 1668 } });
    expect(comparison?.caveats[0]).toBe(
      'nearest published: AVO on B200, 32k full, 16 heads, d 128: 16 heads instead of 8 heads',
    );
  });

  it('counts by one rule on both sides, under a causal mask too', () => {
    const causal: Workload = { ...LONG, mask: 'causal' };
    const figure = matching(causal, 'avo')[0] as Published;
    const m = measured([1], { workload: causal, tflops: { median: flops(causal) / 1e12 } });
    // One pass takes a second here; the figure's rule counts half a square.
    const theirSeconds = flops(causal, 'half-square') / 1e12 / figure.tflops;
    expect(ratioTo(m, figure).ratio).toBeCloseTo(1 / theirSeconds, 6);
  });
});

describe('the nearest figure', () => {
  const at = (changes: Partial<Workload>) => nearest({ ...LONG, ...changes }, 'avo')?.workload;
  const grouped = { queryHeads: 32, kvHeads: 4 };

  it.each<[string, Partial<Workload>, Partial<Workload>]>([
    ['a shorter one', { seqQuery: 1024, seqKv: 1024, batch: 32 }, { seqKv: 4096, mask: 'full', kvHeads: 16 }],
    ['a longer causal one', { seqQuery: 2 ** 17, seqKv: 2 ** 17, mask: 'causal' }, { seqKv: 32768, mask: 'causal' }],
    ['another head dimension', { headDim: 64 }, { headDim: 128, seqKv: 32768 }],
    ['grouped heads', { queryHeads: 64, kvHeads: 8 }, { ...grouped, seqKv: 32768 }],
    ['one between two lengths', { seqQuery: 12288, seqKv: 12288 }, { seqKv: 16384 }],
  ])('of %s is of the same kind, mask and length as far as there is one', (_, changes, expected) => {
    expect(at(changes)).toMatchObject(expected);
  });

  it('is never one for decoding', () => {
    expect(at({ seqQuery: 1 })).toBeUndefined();
    expect(at({ seqQuery: 16, seqKv: 16 })).toMatchObject({ seqKv: 4096 });
  });

  it('says each difference once', () => {
    const measuredHere: Workload = {
      ...LONG,
      seqQuery: 100,
      seqKv: 100,
      headDim: 64,
      queryHeads: 1,
      kvHeads: 1,
      window: 2048,
    };
    expect(differencesOf(measuredHere, { ...LONG, batch: 8, mask: 'causal' })).toEqual([
      'causal mask instead of full mask',
      'length 32k instead of 100',
      '16 heads instead of 1 head',
      'head dimension 128 instead of 64',
      'batch 8 instead of 1',
      'no window instead of window 2k',
    ]);
    expect(differencesOf(LONG, { ...LONG, dtype: 'bf16' })).toEqual([]);
  });
});
