/** Sums over the layers of models: what is added up, and what is not where a kind of layer has no number. */

import { describe, expect, it } from 'vitest';
import { models as suite } from '../../bench/models.ts';
import { layerSums } from '../../src/compare/layer-sums.ts';
import { findModel, layerWorkload, MODEL_NAMES } from '../../src/problem/models.ts';
import { formatTable } from '../../src/report/table.ts';
import { measured, runOf, skipped } from '../runs.ts';

const [local, global] = findModel('gemma4-e2b').layers.map((layer) => layerWorkload(layer, 1024));
const about = (measurements: Parameters<typeof runOf>[0], models: string[]) => {
  const run = runOf(measurements);
  return { ...run, context: { ...run.context, models } };
};

describe('sums over layers', () => {
  it('add up the fastest kernel of each kind, times the layers', () => {
    const slow = { ...measured(local ?? {}), kernel: 'slow', passSeconds: 9 };
    const run = about([slow, measured(local ?? {}), measured(global ?? {})], ['gemma4-e2b']);
    const [sum] = layerSums(run);
    const [one, other] = [run.measurements[1], run.measurements[2]].map((m) =>
      m?.state === 'measured' ? m.passSeconds : Number.NaN,
    );
    expect(sum?.layers.map(({ kernel }) => kernel)).toEqual(['wasm-flash', 'wasm-flash']);
    expect(sum?.seconds).toBeCloseTo(28 * (one ?? 0) + 7 * (other ?? 0), 12);
    // All samples run at 100 GFLOPS, so the sum does too.
    expect((sum?.flops ?? 0) / (sum?.seconds ?? 1)).toBeCloseTo(1e11, -3);
    expect(formatTable(run)).toMatch(/Gemma 4 E2B +1k +28 local, 7 global .* 100 GFLOPS/);
  });

  it('have no time where a kind was not measured, and say which', () => {
    const run = about([measured(local ?? {}), skipped('too large', global)], ['gemma4-e2b']);
    const [sum] = layerSums(run);
    expect(sum?.seconds).toBeNull();
    expect(sum?.layers.map(({ seconds }) => seconds === null)).toEqual([false, true]);
    expect(formatTable(run)).toMatch(/no global layer\s.*\n.*measured/);
  });

  it('are absent from runs that are about no model', () => {
    expect(layerSums(runOf([measured(local ?? {}), measured(global ?? {})]))).toEqual([]);
  });

  it('of bench suite models have every kind of every model', () => {
    const run = about(
      suite.workloads.map((w) => measured(w)),
      suite.models ?? [],
    );
    const sums = layerSums(run);
    expect(sums.map(({ model }) => model)).toEqual(MODEL_NAMES);
    expect(sums.every(({ seconds }) => seconds !== null)).toBe(true);
  });
});
