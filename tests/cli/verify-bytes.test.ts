/** bench verify on files put together byte by byte: right ones, a wrong o, and broken ones. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSafetensors } from '../../src/problem/safetensors.ts';
import { bench, temporaryFolder } from './bench.ts';
import { fileBytes, problem, writeProblem } from './byte-files.ts';

describe('bench verify', () => {
  it.for([
    ['scalar-naive', 'full'],
    ['scalar-flash', 'causal'],
    ['wasm-flash', 'full'],
    ['wasm-flash', 'causal'],
    ['wgsl-naive', 'causal'],
    ['wgsl-rows', 'full'],
  ] as const)('agrees with a file made elsewhere: %s, %s mask, GQA', async ([kernel, mask], { skip }) => {
    const folder = temporaryFolder();
    const file = join(folder, 'case.safetensors');
    writeProblem(file, mask);
    const output = join(folder, 'out.safetensors');
    const args = [
      'verify',
      kernel,
      '--tensors',
      file,
      '--output',
      output,
      '--allow-software',
      ...(mask === 'causal' ? ['--causal'] : []),
    ];
    const { code, stdout, stderr } = await bench(args, folder);
    if (/no WebGPU adapter on this machine/.test(stderr)) skip(stderr.trim());
    expect(stderr).toBe('');
    expect(stdout).toMatch(/: agrees\n/);
    expect(code).toBe(0);
    const o = readSafetensors(new Uint8Array(readFileSync(output)), ['o']).get('o');
    expect(o?.shape).toEqual([1, 5, 4, 32]);
    problem(mask).o.forEach((value, i) => {
      expect(Math.abs((o?.values[i] ?? Number.NaN) - value)).toBeLessThan(1e-5);
    });
  });

  it('disagrees with a wrong o, writes its own all the same, and exits with 1', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'wrong.safetensors');
    writeProblem(file, 'full', (o) => o.map((value, i) => (i === 77 ? value + 0.01 : value)));
    const output = join(folder, 'out.safetensors');
    const { code, stdout } = await bench(['verify', 'scalar-flash', '--tensors', file, '--output', output], folder);
    expect(code).toBe(1);
    expect(stdout).toContain('DISAGREES');
    expect(readSafetensors(new Uint8Array(readFileSync(output)), ['o']).size).toBe(1);
  });

  const entry = (shape: number[], begin: number, end: number, dtype = 'F32') => ({
    dtype,
    shape,
    data_offsets: [begin, end],
  });
  const good = {
    q: entry([1, 1, 1, 32], 0, 128),
    k: entry([1, 1, 1, 32], 128, 256),
    v: entry([1, 1, 1, 32], 256, 384),
  };
  const data = Buffer.alloc(384);
  it.each([
    ['a truncated header', Buffer.from([9, 0, 0, 0, 0, 0, 0, 0, 123]), 'does not fit'],
    ['three bytes', Buffer.from([1, 2, 3]), 'fewer than the 8'],
    ['no JSON', fileBytes('x', Buffer.alloc(0)), 'not a JSON object'],
    ['truncated data', fileBytes(good, data.subarray(0, 300)), 'outside the file'],
    ['offsets outside', fileBytes({ ...good, v: entry([1, 1, 1, 32], 400, 528) }, data), 'outside the file'],
    [
      'a size that does not fit',
      fileBytes({ ...good, k: entry([1, 2, 1, 32], 128, 256) }, data),
      'needs 256 bytes and has 128',
    ],
    [
      'another dtype',
      fileBytes({ ...good, k: entry([1, 1, 1, 32], 128, 256, 'I32') }, data),
      'F32, F16 and BF16 can be read',
    ],
    [
      'three dimensions',
      fileBytes({ ...good, q: entry([1, 1, 32], 0, 128) }, data),
      '[tokens, heads, headDim] is needed',
    ],
    ['no v', fileBytes({ q: good.q, k: good.k }, data), "no tensor 'v'; it has q, k; --map v=NAME"],
    ['shapes that disagree', fileBytes({ ...good, v: entry([1, 1, 2, 16], 256, 384) }, data), 'fits the others'],
    [
      'a head dimension of 640',
      fileBytes(
        {
          q: entry([1, 1, 1, 640], 0, 2560),
          k: entry([1, 1, 1, 640], 2560, 5120),
          v: entry([1, 1, 1, 640], 5120, 7680),
        },
        Buffer.alloc(7680),
      ),
      'head dimension 640 is above 576',
    ],
  ])('refuses %s in one line with exit code 2', async (_, bytes, message) => {
    const folder = temporaryFolder();
    const file = join(folder, 'bad.safetensors');
    writeFileSync(file, bytes);
    const { code, stderr, stdout } = await bench(['verify', 'scalar-flash', '--tensors', file], folder);
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  });
});
