/** What a user may write for sizes and shapes, and what is answered to the rest. */

import { describe, expect, it } from 'vitest';
import { expand, parseHeadDims, parseSize, parseSizes, presetAxes, summarizeSizes } from '../../src/problem/sweep.ts';

describe('sizes', () => {
  it.each([
    ['32k', [32768]],
    ['1m', [1048576]],
    ['1000', [1000]],
    ['4k,8k', [4096, 8192]],
    ['1k-32k*2', [1024, 2048, 4096, 8192, 16384, 32768]],
    ['1k-4k+1k', [1024, 2048, 3072, 4096]],
    ['1,37,1000', [1, 37, 1000]],
  ])('reads %s', (text, sizes) => {
    expect(parseSizes('--seq', [text])).toEqual(sizes);
  });

  it('joins repeated flags and drops repeats', () => {
    expect(parseSizes('--seq', ['4k,8k', '8k', '1k'])).toEqual([4096, 8192, 1024]);
  });

  it.each(['banana', '', '4k,', '1.5k', '8k-4k*2', '1k-8k*1', '1k-8k', '0x10', '1k-2k*banana'])(
    'refuses %j and shows an example',
    (text) => {
      expect(() => parseSizes('--seq', [text])).toThrow(/--seq: '.*' is not a size; write for example 32k/);
    },
  );

  it('names the smallest and the largest size', () => {
    expect(() => parseSize('--seq', '0')).toThrow("--seq: '0' is below the smallest value, 1");
    expect(() => parseSize('--seq', '-1')).toThrow("'-1' is below the smallest value, 1");
    expect(() => parseSize('--seq', '9999999999k')).toThrow('above the largest value, 16384k');
  });

  it('bounds the points of a range before making them', () => {
    expect(() => parseSizes('--seq', ['1-16384k+1'])).toThrow(/the most in one run is 1000/);
  });

  it('sums a sweep up', () => {
    expect(summarizeSizes([4096, 1024, 8192])).toBe('1k-8k');
    expect(summarizeSizes([512])).toBe('512');
  });
});

describe('head dimensions', () => {
  it('takes multiples of 16 from 32 to 576', () => {
    expect(parseHeadDims(['64,128', '48', '576'])).toEqual([64, 128, 48, 576]);
  });

  it.each([
    ['0', 'nearest: 32'],
    ['40', 'nearest: 32 or 48'],
    ['1000', 'nearest: 576'],
    ['-64', 'nearest: 32'],
  ])('names the nearest to %s', (text, message) => {
    expect(() => parseHeadDims([text])).toThrow(message);
  });

  it('refuses words', () => {
    expect(() => parseHeadDims(['big'])).toThrow("--head-dim: 'big' is not a number");
  });
});

describe('sweeps', () => {
  it("has the report's figure 5 as its preset: batch x seq is 32k", () => {
    const workloads = expand(presetAxes('mha'));
    expect(workloads.map(({ batch, seqQuery, mask }) => [batch, seqQuery, mask])).toEqual([
      [8, 4096, 'full'],
      [8, 4096, 'causal'],
      [4, 8192, 'full'],
      [4, 8192, 'causal'],
      [2, 16384, 'full'],
      [2, 16384, 'causal'],
      [1, 32768, 'full'],
      [1, 32768, 'causal'],
    ]);
    expect(
      workloads.every(({ queryHeads, kvHeads, headDim }) => queryHeads === 16 && kvHeads === 16 && headDim === 128),
    ).toBe(true);
  });

  it('keeps batch at 1 beyond the total tokens and takes the longer of queries and keys', () => {
    const axes = { ...presetAxes('gqa'), seq: [1], seqKv: [65536] };
    expect(expand(axes)[0]).toMatchObject({ batch: 1, seqQuery: 1, seqKv: 65536, queryHeads: 32, kvHeads: 4 });
  });

  it('names the nearest head counts that can be grouped', () => {
    expect(() => expand({ ...presetAxes('mha'), heads: [30], kvHeads: [4] })).toThrow('nearest: --heads 28 or 32');
    expect(() => expand({ ...presetAxes('mha'), heads: [2], kvHeads: [4] })).toThrow('nearest: --heads 4');
  });
});
