/** Safetensors: what is written is read, and half-precision values widen exactly. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSafetensors, readTensor, SafetensorsError, writeSafetensors } from '../../src/problem/safetensors.ts';

describe('safetensors', () => {
  it('reads what it wrote', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, maxLength: 40 }), (values) => {
        const bytes = new Uint8Array(
          writeSafetensors({
            a: { shape: [values.length], values },
            b: { shape: [1, 2], values: Float32Array.of(1, 2) },
          }),
        );
        const read = readSafetensors(bytes, ['b', 'a', 'missing']);
        expect(read.get('a')).toEqual({ dtype: 'F32', shape: [values.length], values });
        expect(read.get('b')?.values).toEqual(Float32Array.of(1, 2));
        expect(read.has('missing')).toBe(false);
      }),
    );
  });

  const half = (dtype: 'F16' | 'BF16', words: number[]) => {
    const header = Buffer.from(
      JSON.stringify({ t: { dtype, shape: [words.length], data_offsets: [0, words.length * 2] } }),
    );
    const length = Buffer.alloc(8);
    length.writeUInt32LE(header.length, 0);
    const values = Buffer.alloc(words.length * 2);
    words.forEach((word, i) => {
      values.writeUInt16LE(word, i * 2);
    });
    return [
      ...(readSafetensors(new Uint8Array(Buffer.concat([length, header, values])), ['t']).get('t')?.values ?? []),
    ];
  };

  it('widens F16: one, -2, the largest, the smallest denormal, infinity', () => {
    expect(half('F16', [0x3c00, 0xc000, 0x7bff, 0x0001, 0x7c00, 0x3555])).toEqual([
      1,
      -2,
      65504,
      2 ** -24,
      Number.POSITIVE_INFINITY,
      0.333251953125,
    ]);
    expect(half('F16', [0x7e00])[0]).toBeNaN();
  });

  it('widens BF16: the upper half of an f32', () => {
    expect(half('BF16', [0x3f80, 0xc000, 0x4049])).toEqual([1, -2, 3.140625]);
  });

  it('refuses tensors that share bytes', () => {
    const header = {
      q: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
      k: { dtype: 'F32', shape: [2], data_offsets: [4, 12] },
    };
    const json = new TextEncoder().encode(JSON.stringify(header));
    const bytes = new Uint8Array(8 + json.length + 12);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(json, 8);
    expect(() => readSafetensors(bytes, ['q'])).toThrow("tensors 'q' and 'k' overlap");
  });

  it.each([
    ['no dtype', { dtype: { toString: 1 }, shape: [1], data_offsets: [0, 4] }, "tensor 'q' has no dtype"],
    ['sizes beyond numbers', { dtype: 'F32', shape: Array(30).fill(2 ** 53 - 1), data_offsets: [0, 4] }, 'needs more'],
    ['memory', { dtype: 'F32', shape: [2 ** 38], data_offsets: [0, 2 ** 40] }, 'does not fit the memory here'],
  ])('refuses %s in words', (_, entry, message) => {
    const source = { size: 2 ** 41, read: () => new Uint8Array(0) };
    const header = { entries: new Map([['q', entry]]), dataOffset: 8 };
    expect(() => readTensor(source, header, 'q')).toThrow(message);
  });

  it('survives any bytes with its own error or none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readSafetensors(new Uint8Array(bytes), ['q']);
        } catch (error) {
          expect(error).toBeInstanceOf(SafetensorsError);
        }
      }),
    );
  });
});
