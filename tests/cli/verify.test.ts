/** bench verify on files as people have them: PyTorch's layout, other names, halves, rows without keys, hints. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { oracle } from '../../src/host/oracle.ts';
import { roundToBfloat16 } from '../../src/problem/bfloat16.ts';
import { type Data, fillRow } from '../../src/problem/data.ts';
import { readSafetensors, writeSafetensors } from '../../src/problem/safetensors.ts';
import { allRows } from '../../src/problem/slice.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';
import { bench, temporaryFolder } from './bench.ts';

const W = workload({ headDim: 32, seqQuery: 24, queryHeads: 4, kvHeads: 2, mask: 'causal' });
const DATA = { kind: 'normal', seed: 3 } as const;

/** A tensor [1, seq, heads, dim] of the problem. */
function tensor(w: Workload, name: 'q' | 'k' | 'v') {
  const [seq, heads] = name === 'q' ? [w.seqQuery, w.queryHeads] : [w.seqKv, w.kvHeads];
  const values = new Float32Array(seq * heads * w.headDim);
  for (let token = 0; token < seq; token += 1) {
    for (let head = 0; head < heads; head += 1) {
      fillRow(DATA, w, name, 0, head, token, values, (token * heads + head) * w.headDim);
    }
  }
  return { shape: [1, seq, heads, w.headDim], values };
}

function output(w: Workload) {
  const values = Float32Array.from(oracle(w, DATA, allRows(w)).flatMap((row) => [...row.output]));
  return { shape: [1, w.seqQuery, w.queryHeads, w.headDim], values };
}

type Tensor = ReturnType<typeof tensor>;

/** [1, a, b, d] as [1, b, a, d]. */
function transposed({ shape: [, a = 0, b = 0, d = 0], values }: Tensor): Tensor {
  const result = new Float32Array(values.length);
  for (let i = 0; i < a; i += 1) {
    for (let j = 0; j < b; j += 1) result.set(values.subarray((i * b + j) * d, (i * b + j + 1) * d), (j * a + i) * d);
  }
  return { shape: [1, b, a, d], values: result };
}

const FILE = (w: Workload = W) => ({ q: tensor(w, 'q'), k: tensor(w, 'k'), v: tensor(w, 'v'), o: output(w) });

async function verify(tensors: Record<string, Tensor>, ...options: string[]) {
  const folder = temporaryFolder();
  const path = join(folder, 'case.safetensors');
  writeFileSync(path, writeSafetensors(tensors));
  const found = await bench(['verify', 'scalar-flash', '--tensors', path, ...options], folder);
  return { ...found, stdout: found.stdout.replaceAll(/\s+/g, ' '), folder };
}

describe('bench verify', () => {
  it("reads PyTorch's layout where it is named, and writes its output so", async () => {
    const { q, k, v, o } = FILE();
    const torch = { q: transposed(q), k: transposed(k), v: transposed(v), out: transposed(o) };
    const folder = temporaryFolder();
    const out = join(folder, 'o.safetensors');
    const right = await verify(torch, '--causal', '--layout', 'bhsd', '--output', out);
    expect(right.stdout).toContain('agrees');
    expect(right.stdout).toContain("read as bhsd: o is 'out'");
    expect(right.code).toBe(0);
    const written = readSafetensors(new Uint8Array(readFileSync(out)), ['o']).get('o');
    expect(written?.shape).toEqual([1, 4, 24, 32]);
    written?.values.forEach((value, i) => {
      expect(Math.abs(value - (torch.out.values[i] ?? Number.NaN))).toBeLessThan(1e-5);
    });
    // Read the usual way it is 4 tokens of 24 heads over 24: a hint says what fits.
    const square = { q: transposed(k), k: transposed(k), v: transposed(v) };
    const misread = await verify(square, '--causal');
    expect(misread.stdout).toContain('24 tokens and 2 query heads over 2 KV heads; --layout bhsd reads them so');
  });

  it('says which other reading the o of the file agrees with', async () => {
    const other = await verify(FILE());
    expect(other.code).toBe(1);
    expect(other.stdout).toContain("Hint: the file's o agrees with --causal");
  });

  it('allows for the rounding of the type that o was computed in, and for a tolerance that is given', async () => {
    const { o, ...inputs } = FILE();
    const rounded = { ...o, values: o.values.map(roundToBfloat16) };
    const halves = { ...inputs, o: rounded };
    const strict = await verify(halves, '--causal');
    expect(strict.code).toBe(1);
    expect(strict.stdout).toContain('--dtype bf16 or f16 allows for its rounding');
    expect((await verify(halves, '--causal', '--tolerance', '0.02')).code).toBe(0);
    const types = await verify(halves, '--causal', '--dtype', 'bf16', '--tolerance', '0.05');
    expect(types.stdout).toContain('q, k and v were rounded to bf16 first');
  });

  it('tells rows that see no key, and names tensors that it does not use', async () => {
    const w = { ...W, seqKv: 20 };
    const { o, ...inputs } = FILE(w);
    const torch = { ...o, values: o.values.map((value, i) => (i < 4 * 4 * 32 ? Number.NaN : value)) };
    const { stdout, code } = await verify(
      { ...inputs, o: torch, sinks: { shape: [4], values: new Float32Array(4) } },
      '--causal',
    );
    expect(stdout).toContain('4 rows, 0 to 3, see no key: the file holds NaN there');
    expect(stdout).toContain('not used: sinks');
    expect(code).toBe(0);
  });

  it('takes a name that is given, and refuses one that is none in one line', async () => {
    const { q, ...rest } = FILE();
    expect((await verify({ ...rest, 'layer.a': q }, '--causal', '--map', 'q=layer.a')).code).toBe(0);
    const wrong = await verify({ ...rest, 'layer.a': q }, '--causal', '--map', 'layer.a');
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain("--map: 'layer.a' is not ROLE=NAME");
  });

  it('verifies any head dimension, with one of its own for v', async () => {
    const w = workload({ headDim: 40, seqQuery: 9, queryHeads: 2, kvHeads: 1 });
    const cut = ({ shape, values }: Tensor): Tensor => ({
      shape: [...shape.slice(0, 3), 24],
      values: Float32Array.from({ length: (values.length / 40) * 24 }, (_, i) => {
        return values[Math.floor(i / 24) * 40 + (i % 24)] ?? 0;
      }),
    });
    const { q, k, v, o } = FILE(w);
    const { stdout, code } = await verify({ q, k, v: cut(v), o: cut(o) });
    expect(stdout).toContain('head dimension 40 of q and k, 24 of v');
    expect(stdout).not.toContain('padded');
    expect(code).toBe(0);
  });

  it('uses sinks and a mask tensor where they are asked for, and finds that the o was made with them', async () => {
    const w = { ...W, sinks: true, maskTensor: true, softcap: 3, alibi: true };
    const sinks = { shape: [4], values: Float32Array.of(0.5, -1, 2, 1) };
    const hides = (i: number) => i % 5 === 0 || Math.floor(i / 24) === 7;
    const mask = {
      shape: [24, 24],
      values: Float32Array.from({ length: 576 }, (_, i) => (hides(i) ? Number.NEGATIVE_INFINITY : Math.sin(i))),
    };
    const { q, k, v } = FILE();
    const data: Data = {
      ...{ kind: 'values', q: q.values, k: k.values, v: v.values, sinks: sinks.values },
      mask: { values: mask.values, shape: [1, 1, 24, 24] },
    };
    const made = (changes: Partial<Workload>) => ({
      ...output(W),
      values: Float32Array.from(oracle({ ...w, ...changes }, data, allRows(W)).flatMap((row) => [...row.output])),
    });
    const all = { q, k, v, o: made({}), sinks, attn_mask: mask };
    const asked = ['--causal', '--softcap', '3', '--alibi', '--sinks', '--mask-tensor', 'attn_mask'];
    const right = await verify(all, ...asked);
    expect(right.stdout).toContain('24 causal, soft-cap 3, sinks, ALiBi, mask tensor, 4/2 heads, d 32: agrees');
    // Rows 0 and 7: all that they see is hidden.
    expect(right.stdout).toContain('see no key: the file holds zeros there');
    expect(right.stdout).not.toContain('infinity');
    expect(right.code).toBe(0);
    for (const left of ['--alibi', '--sinks']) {
      expect((await verify(all, ...asked.filter((option) => option !== left))).code).toBe(1);
    }
    const plain = { softcap: null, alibi: false };
    const hinted = await verify({ ...all, o: made(plain) }, '--causal');
    expect(hinted.stdout).toContain('not used: sinks, attn_mask');
    expect(hinted.stdout).toContain("the file's o agrees with --sinks and with --mask-tensor attn_mask");
    const none = await verify({ q, k, v }, '--sinks');
    expect(none).toMatchObject({ code: 2 });
    expect(none.stderr).toContain("it has no tensor 'sinks'; it has q, k, v; --map sinks=NAME names it");
    const wrong = await verify({ q, k, v, sinks: mask }, '--sinks');
    expect(wrong.stderr).toContain("tensor 'sinks' has shape [24, 24]; [4] fits the others");
  });
});
