/** Problems from files of tensors: names, layouts, packed tensors, padding, types, and what is said of what does not fit. */

import { describe, expect, it } from 'vitest';
import { roundToBfloat16 } from '../../src/problem/bfloat16.ts';
import { readHeader, readTensor, SafetensorsError, sourceOf, writeSafetensors } from '../../src/problem/safetensors.ts';
import { readMask } from '../../src/problem/tensor-mask.ts';
import type { Role } from '../../src/problem/tensor-names.ts';
import { nameTensors } from '../../src/problem/tensor-names.ts';
import { likelierBhsd, paddedProblem, readProblem } from '../../src/problem/tensor-problem.ts';
import { notFinite, readTensorSet } from '../../src/problem/tensor-set.ts';

const SETTINGS = {
  causal: false,
  window: null,
  scale: null,
  layout: null,
  dtype: null,
  softcap: null,
  alibi: false,
} as const;
const counting = (count: number, step = 1) => Float32Array.from({ length: count }, (_, i) => i * step);

/** A file of tensors with the values 0, 1, 2, ... by their shapes. */
function setOf(shapes: Record<string, number[]>, map: Partial<Record<Role, string>> = {}) {
  const tensors = Object.entries(shapes).map(([name, shape]) => {
    const count = shape.reduce((product, size) => product * size, 1);
    return [name, { shape, values: counting(count) }] as const;
  });
  return readTensorSet(sourceOf(new Uint8Array(writeSafetensors(Object.fromEntries(tensors)))), map);
}

describe('names', () => {
  it.each([
    [['q', 'k', 'v', 'o'], { q: 'q', k: 'k', v: 'v', o: 'o' }],
    [['query', 'key', 'value', 'attn_output'], { q: 'query', k: 'key', v: 'value', o: 'attn_output' }],
    [
      ['layers.0.attn.q', 'layers.0.attn.k', 'layers.0.attn.v', 'layers.0.attn.out'],
      { q: 'layers.0.attn.q', k: 'layers.0.attn.k', v: 'layers.0.attn.v', o: 'layers.0.attn.out' },
    ],
    [['my_query', 'my_key', 'my_value'], { q: 'my_query', k: 'my_key', v: 'my_value' }],
    [['qkv', 'out'], { qkv: 'qkv', o: 'out' }],
    [['q', 'kv'], { q: 'q', kv: 'kv' }],
    [['Q', 'K', 'V'], { q: 'Q', k: 'K', v: 'V' }],
  ])('%j', (names, expected) => {
    expect(nameTensors(names).names).toEqual(expected);
  });

  it('says which tensors are nothing to attention, and takes no gradient for a query', () => {
    expect(nameTensors(['q', 'k', 'v', 'sinks', 'grad_q']).unused).toEqual(['sinks', 'grad_q']);
    expect(() => nameTensors(['grad_q', 'k', 'v'])).toThrow("no tensor 'q'; it has grad_q, k, v");
  });

  it('wants a choice where several could be one, and takes it', () => {
    const names = ['a.q', 'b.q', 'k', 'v'];
    expect(() => nameTensors(names)).toThrow('several tensors can be q: a.q, b.q; choose one with --map q=NAME');
    expect(nameTensors(names, { q: 'b.q' })).toEqual({
      names: { q: 'b.q', k: 'k', v: 'v' },
      unused: ['a.q'],
      offered: {},
    });
    expect(() => nameTensors(['q', 'k', 'v'], { mask: 'q' })).toThrow(
      "tensor 'q' is named for mask; --map q=NAME names another for q",
    );
    expect(() => nameTensors(names, { q: 'c.q' })).toThrow("no tensor 'c.q'; it has a.q");
  });
});

describe('layouts', () => {
  it('read the same values in the same places', () => {
    // 2 batches, 3 tokens, 4 query and 2 KV heads, 32 dims.
    const bshd = readProblem(setOf({ q: [2, 3, 4, 32], k: [2, 3, 2, 32], v: [2, 3, 2, 32] }), SETTINGS);
    const bhsd = readProblem(setOf({ q: [2, 4, 3, 32], k: [2, 2, 3, 32], v: [2, 2, 3, 32] }), {
      ...SETTINGS,
      layout: 'bhsd',
    });
    expect(bhsd.workload).toEqual(bshd.workload);
    if (bhsd.data.kind !== 'values') throw new Error('no values');
    // Batch 1, token 2, head 3, dim 5 lies at [1, 3, 2, 5] there.
    expect(bhsd.data.q[((1 * 3 + 2) * 4 + 3) * 32 + 5]).toBe(((1 * 4 + 3) * 3 + 2) * 32 + 5);
    const thd = readProblem(setOf({ q: [3, 4, 32], k: [3, 2, 32], v: [3, 2, 32] }), SETTINGS);
    expect(thd).toMatchObject({ layout: 'thd', workload: { batch: 1, seqQuery: 3, queryHeads: 4, kvHeads: 2 } });
  });

  it.each([
    ['bshd', [2, 3, 3, 4, 32], ((1 * 3 + 2) * 3 + 1) * 4 * 32 + 3 * 32 + 5],
    ['bhsd', [2, 3, 4, 3, 32], (((1 * 3 + 1) * 4 + 3) * 3 + 2) * 32 + 5],
  ] as const)('take k out of a packed tensor: %s', (layout, shape, place) => {
    const { data, workload } = readProblem(setOf({ qkv: [...shape] }), { ...SETTINGS, layout });
    expect(workload).toMatchObject({ batch: 2, seqQuery: 3, seqKv: 3, queryHeads: 4, kvHeads: 4, headDim: 32 });
    // Batch 1, token 2, head 3, dim 5.
    expect(data.kind === 'values' && data.k[((1 * 3 + 2) * 4 + 3) * 32 + 5]).toBe(place);
  });

  it('are doubted where there are more heads than tokens, and only there', () => {
    const torch = setOf({ q: [1, 8, 300, 32], k: [1, 2, 300, 32], v: [1, 2, 300, 32] });
    expect(likelierBhsd(torch, readProblem(torch, SETTINGS))).toMatchObject({
      seqQuery: 300,
      queryHeads: 8,
      kvHeads: 2,
    });
    const usual = setOf({ q: [1, 300, 8, 32], k: [1, 300, 2, 32], v: [1, 300, 2, 32] });
    expect(likelierBhsd(usual, readProblem(usual, SETTINGS))).toBeNull();
    // Decoding: one token beside 100 keys of 8 heads.
    const decoding = setOf({ q: [1, 1, 32, 32], k: [1, 100, 8, 32], v: [1, 100, 8, 32] });
    expect(likelierBhsd(decoding, readProblem(decoding, SETTINGS))).toBeNull();
  });
});

describe('head dimensions', () => {
  it('are those of the file, padded with zeros where a kernel wants it; the scale is that of the real one', () => {
    const problem = readProblem(setOf({ q: [1, 2, 1, 40], k: [1, 2, 1, 40], v: [1, 2, 1, 24] }), SETTINGS);
    expect(problem).toMatchObject({
      headDim: 40,
      headDimV: 24,
      workload: { headDim: 40, headDimV: 24, scale: 1 / Math.sqrt(40) },
    });
    const { workload, data } = paddedProblem(problem);
    expect(workload).toMatchObject({ headDim: 48, headDimV: undefined, scale: 1 / Math.sqrt(40) });
    if (data.kind !== 'values') throw new Error('no values');
    expect([...data.q.subarray(38, 50)]).toEqual([38, 39, 0, 0, 0, 0, 0, 0, 0, 0, 40, 41]);
    expect([...data.v.subarray(22, 26)]).toEqual([22, 23, 0, 0]);
  });
});

describe('types', () => {
  it('round q, k and v to the type that o was computed in, where they are not of it', () => {
    const set = setOf({ q: [1, 20, 1, 32], k: [1, 20, 1, 32], v: [1, 20, 1, 32] });
    const problem = readProblem(set, { ...SETTINGS, dtype: 'bf16' });
    expect(problem).toMatchObject({ dtype: 'bf16', rounded: true });
    // 257 has nine significant bits, and its neighbours of eight are 256 and 258: ties to even.
    expect(problem.data.kind === 'values' && problem.data.q[257]).toBe(256);
    expect(readProblem(set, SETTINGS)).toMatchObject({ dtype: 'f32', rounded: false });
  });

  it('round to the nearest bfloat16, ties to even', () => {
    expect([1, 257, 259, -257, 1 / 3, Number.POSITIVE_INFINITY].map(roundToBfloat16)).toEqual([
      1,
      256,
      260,
      -256,
      0.333984375,
      Number.POSITIVE_INFINITY,
    ]);
    expect(roundToBfloat16(Number.NaN)).toBeNaN();
  });
});

describe('what does not fit', () => {
  it.each([
    [{ q: [1, 2, 4, 32], k: [1, 2, 3, 32], v: [1, 2, 3, 32] }, '4 query heads cannot share 3 KV heads'],
    [
      { q: [1, 2, 4, 32], k: [1, 2, 4, 48], v: [1, 2, 4, 32] },
      "tensor 'k' has shape [1, 2, 4, 48]; [1, 2, 4, 32] fits",
    ],
    [
      { q: [1, 2, 4, 32], k: [1, 9, 4, 32], v: [1, 8, 4, 32] },
      "tensor 'v' has shape [1, 8, 4, 32]; [1, 9, 4, 32] fits",
    ],
    [{ q: [1, 2, 4, 32], k: [1, 2, 4, 32], v: [1, 2, 4, 32], out: [1, 2, 4, 16] }, "tensor 'out' has shape"],
    [{ q: [1, 2, 4, 700], k: [1, 2, 4, 700], v: [1, 2, 4, 700] }, 'head dimension 700 is above 576'],
    [{ q: [4, 32], k: [4, 32], v: [4, 32] }, '[batch, seq, heads, headDim] is needed'],
    [{ qkv: [1, 2, 4, 4, 32] }, 'a packed one needs 3 on axis 2'],
  ])('%j', (shapes, message) => {
    const read = () => readProblem(setOf(shapes as Record<string, number[]>), SETTINGS);
    expect(read).toThrow(SafetensorsError);
    expect(read).toThrow(message);
  });

  it('is told of values that are no numbers: how many, and where the first is', () => {
    const values = counting(64);
    values[33] = Number.NaN;
    values[40] = Number.POSITIVE_INFINITY;
    const one = { shape: [1, 2, 1, 32], values: counting(64) };
    const bytes = writeSafetensors({ q: one, k: one, v: { ...one, values } });
    expect(notFinite(readTensorSet(sourceOf(new Uint8Array(bytes))))).toEqual([
      { tensor: 'v', nan: 1, infinite: 1, first: [0, 1, 0, 1] },
    ]);
  });

  it('reads in parts, and says how much it has', () => {
    const shape = [1, 4, 1, 32];
    const one = { shape, values: counting(128) };
    const bytes = new Uint8Array(writeSafetensors({ q: one, k: one, v: one }));
    const shares: number[] = [];
    readTensorSet(sourceOf(bytes), {}, (share) => shares.push(share));
    expect(shares).toHaveLength(3);
    expect(shares.at(-1)).toBeCloseTo((3 * 512) / bytes.length, 12);
  });
});

describe('mask tensors', () => {
  const WANTED = [2, 4, 3, 5] as const;
  const tensor = (shape: number[], dtype: 'F32' | 'BOOL' = 'F32') => {
    const values = counting(shape.reduce((product, size) => product * size, 1));
    return { dtype, shape, values: dtype === 'BOOL' ? values.map((value) => value % 2) : values };
  };

  it.each([
    [
      [3, 5],
      [1, 1, 3, 5],
    ],
    [
      [4, 3, 5],
      [1, 4, 3, 5],
    ],
    [
      [2, 1, 3, 5],
      [2, 1, 3, 5],
    ],
    [[5], [1, 1, 1, 5]],
  ])('%j is read as %j', (shape, expected) => {
    const mask = readMask('m', tensor(shape), WANTED);
    expect(mask.shape).toEqual(expected);
    expect(mask.values).toEqual(tensor(shape).values);
  });

  it('spreads one number a row over the keys, and hides where a bool is false', () => {
    expect([...readMask('m', tensor([3, 1]), WANTED).values]).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
    expect([...readMask('m', tensor([5], 'BOOL'), WANTED).values]).toEqual([-Infinity, 0, -Infinity, 0, -Infinity]);
  });

  it.each([[[3, 4]], [[5, 3]], [[3, 4, 3, 5]], [[1, 2, 4, 3, 5]]])('%j fits nothing', (shape) => {
    expect(() => readMask('m', tensor(shape), WANTED)).toThrow(
      `tensor 'm' has shape [${shape.join(', ')}]; [2, 4, 3, 5] = [batch, heads, seqQuery, seqKv] is needed`,
    );
  });

  it('come as bools from a file, and nothing else does', () => {
    const one = { shape: [1, 1, 1, 1], values: Float32Array.of(0) };
    const bytes = writeSafetensors({ q: one, k: one, v: one });
    // The same bytes read as four bools.
    const text = new TextDecoder('latin1').decode(bytes).replace('"F32","shape":[1,1,1,1]', '"BOOL","shape":[4]     ');
    const source = sourceOf(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    expect(readTensor(source, readHeader(source), 'q')).toEqual({
      ...{ dtype: 'BOOL', shape: [4], values: new Float32Array(4) },
    });
    expect(() => readTensorSet(source)).toThrow("'q' has dtype BOOL, which only a mask can have");
  });
});
