/** Prefill of models by count: the figures of a hand calculation, and what windows save. */

import { describe, expect, it } from 'vitest';
import { prefill } from '../../src/model/prefill.ts';
import { findModel, layerWorkload, MODEL_NAMES, MODELS } from '../../src/problem/models.ts';

describe('the models', () => {
  it('have the layers of their published configurations', () => {
    const layers = Object.fromEntries(
      MODELS.map(({ name, layers: kinds }) => [name, kinds.map(({ count, window }) => [count, window])]),
    );
    expect(layers).toEqual({
      // 35 layers, 4 local ones to a global one; 42, 30 and 60 layers, 5 to one.
      'gemma4-e2b': [
        [28, 512],
        [7, null],
      ],
      'gemma4-e4b': [
        [35, 512],
        [7, null],
      ],
      'gemma4-26b-a4b': [
        [25, 1024],
        [5, null],
      ],
      'gemma4-31b': [
        [50, 1024],
        [10, null],
      ],
      'qwen3-8b': [[36, null]],
      'qwen3-30b-a3b': [[48, null]],
      'llama3.1-8b': [[32, null]],
      'llama3.1-70b': [[80, null]],
    });
  });

  it.each(MODEL_NAMES)('%s: kinds differ by their windows, heads can be grouped, and there is a source', (name) => {
    const { layers, source, parameters, parametersSource } = findModel(name);
    for (const { kind, window, queryHeads, kvHeads } of layers) {
      expect(kind).toBe(window === null ? 'global' : 'local');
      expect(queryHeads % kvHeads).toBe(0);
    }
    expect(source.length).toBeGreaterThan(10);
    expect(parametersSource).not.toBe('');
    expect(parameters).toBeGreaterThan(1e9);
  });
});

describe('prefill', () => {
  it('of Gemma 4 31B at 256k: 10 global layers of 32 heads and d 512 take nearly all of it', () => {
    const counted = prefill(findModel('gemma4-31b'), 262144);
    // A causal mask keeps n (n + 1) / 2 pairs, a window of w tokens n w - w (w - 1) / 2.
    const global = (10 * 32 * 4 * 512 * 262144 * 262145) / 2;
    const local = 50 * 32 * 4 * 256 * (262144 * 1024 - (1024 * 1023) / 2);
    expect(counted.attentionFlops).toBe(global + local);
    expect(counted.attentionFlops).toBeCloseTo(2.3e16, -15);
    expect(counted.layers[0]?.share).toBeCloseTo(0.019, 3);
    expect(counted.allGlobal).toMatchObject({ headDim: 256, count: 60 });
    expect(counted.allGlobal?.times).toBeCloseTo(2.9, 1);
    expect(counted.linearFlops).toBe(2 * 31e9 * 262144);
    expect(counted.attentionShare).toBeCloseTo(0.585, 3);
  });

  it('of Gemma 4 E2B at 128k', () => {
    const counted = prefill(findModel('gemma4-e2b'), 131072);
    expect(counted.attentionFlops / 1e15).toBeCloseTo(1.0, 1);
    expect(counted.layers[0]?.share).toBeCloseTo(0.015, 3);
    expect(counted.allGlobal?.times).toBeCloseTo(2.5, 1);
  });

  it('of a model without windows has nothing that windows save', () => {
    const counted = prefill(findModel('llama3.1-8b'), 4096);
    expect(counted).toMatchObject({ withoutWindows: null, allGlobal: null });
    const w = counted.layers[0]?.workload;
    expect(w).toEqual(layerWorkload(findModel('llama3.1-8b').layers[0] as never, 4096));
    expect(w).toMatchObject({ mask: 'causal', queryHeads: 32, kvHeads: 8, headDim: 128, seqKv: 4096, window: null });
  });
});
