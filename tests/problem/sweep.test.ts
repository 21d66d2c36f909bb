/** What a user may write for sizes and shapes, and what is answered to the rest. */

import { describe, expect, it } from 'vitest';
import { expand, parseHeadDims, parseSize, parseSizes, presetAxes, summarizeSizes } from '../../src/problem/sweep.ts';
import { describe as describeWorkload } from '../../src/problem/workload.ts';

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
  it('takes whole numbers from 1 to 576', () => {
    expect(parseHeadDims(['64,128', '1', '576', '72'])).toEqual([64, 128, 1, 576, 72]);
  });

  it.each([
    ['0', '--head-dim'],
    ['577', '--head-dim'],
    ['-64', '--head-dim-v'],
    ['1.5', '--head-dim'],
    ['big', '--head-dim-v'],
  ])('refuses %s', (text, option) => {
    expect(() => parseHeadDims([text], option)).toThrow(
      `${option}: '${text}' is not a number that can be used here; write a whole number from 1 to 576`,
    );
  });

  it('takes each of v beside each of q and k, and leaves it out where they are the same', () => {
    const workloads = expand({
      ...presetAxes('mha'),
      seq: [64],
      masks: ['full'],
      headDim: [192, 128],
      headDimV: [128],
    });
    expect(workloads.map(describeWorkload)).toEqual([
      '64 full, 16 heads, d 192/128, batch 512',
      '64 full, 16 heads, d 128, batch 512',
    ]);
    expect(workloads[0]).toMatchObject({ headDim: 192, headDimV: 128, scale: 1 / Math.sqrt(192) });
    expect(workloads[1]).not.toHaveProperty('headDimV');
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
