/** The generated values: normal, reproducible, and the same wherever they are made. */

import { describe, expect, it } from 'vitest';
import { fillTensors, layoutOf } from '../../src/host/tensor-layout.ts';
import { type Data, fillRow } from '../../src/problem/data.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import { workload } from '../workloads.ts';

const data: Data = { kind: 'normal', seed: 7 };

function row(tensor: 'q' | 'k' | 'v', batch: number, head: number, token: number, seed = 7): number[] {
  const target = new Float32Array(256);
  fillRow({ kind: 'normal', seed }, workload({ headDim: 256 }), tensor, batch, head, token, target, 0);
  return [...target];
}

describe('values', () => {
  it('has the moments of the standard normal distribution', () => {
    const values = Array.from({ length: 400 }, (_, token) => row('k', 0, 0, token)).flat();
    const moment = (power: number) => values.reduce((sum, x) => sum + x ** power, 0) / values.length;
    expect(moment(1)).toBeCloseTo(0, 1);
    expect(moment(2)).toBeCloseTo(1, 1);
    expect(Math.abs(moment(4) - 3)).toBeLessThan(0.1);
  });

  it('puts the right share of values within one and two standard deviations', () => {
    const values = Array.from({ length: 400 }, (_, token) => row('v', 1, 2, token)).flat();
    const within = (limit: number) => values.filter((x) => Math.abs(x) < limit).length / values.length;
    expect(within(1)).toBeCloseTo(0.6827, 2);
    expect(within(2)).toBeCloseTo(0.9545, 2);
  });

  it('differs between tensors, batches, heads, tokens and seeds', () => {
    const rows = [
      row('q', 0, 0, 0),
      row('k', 0, 0, 0),
      row('q', 1, 0, 0),
      row('q', 0, 1, 0),
      row('q', 0, 0, 1),
      row('q', 0, 0, 0, 8),
    ];
    expect(new Set(rows.map((values) => values.join())).size).toBe(rows.length);
  });

  it('has no correlation between neighbouring tokens', () => {
    let sum = 0;
    for (let token = 0; token < 200; token += 1) {
      const [a, b] = [row('q', 0, 0, token), row('q', 0, 0, token + 1)];
      sum += a.reduce((dot, x, i) => dot + x * (b[i] ?? 0), 0);
    }
    expect(Math.abs(sum) / (200 * 256)).toBeLessThan(0.02);
  });

  it('gives a slice the numbers of the whole', () => {
    const w = workload({ batch: 2, queryHeads: 4, kvHeads: 2, headDim: 32, seqQuery: 20 });
    const tensors = (slice: Parameters<typeof layoutOf>[1]) => {
      const layout = layoutOf(w, slice);
      const q = new Float32Array(layout.qElements);
      const k = new Float32Array(layout.kElements);
      fillTensors(data, w, slice, { q, k, v: new Float32Array(layout.kElements) });
      return { layout, q, k };
    };
    const whole = tensors(wholeSlice(w, 4));
    const part = tensors({
      batches: 1,
      kvHeads: 1,
      blockRows: 4,
      runs: [
        { start: 1, count: 1 },
        { start: 4, count: 1 },
      ],
    });
    for (const address of [
      { batch: 0, queryHead: 1, row: 5 },
      { batch: 0, queryHead: 0, row: 19 },
    ]) {
      const [a, b] = [part.layout.locate(address), whole.layout.locate(address)];
      expect(part.q.subarray(a, a + 32)).toEqual(whole.q.subarray(b, b + 32));
    }
    expect(part.k.subarray(32 * 3, 32 * 4)).toEqual(whole.k.subarray(3 * 64, 3 * 64 + 32));
    expect(() => part.layout.locate({ batch: 0, queryHead: 0, row: 0 })).toThrow(RangeError);
  });
});
