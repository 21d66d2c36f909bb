/** wasm-flash and x64-flash for few query rows: shapes around the edges of blocks and parts, the merge by hand, any number of threads. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import { wasmFlash } from '../../../kernels/wasm/flash.ts';
import { x64Flash } from '../../../kernels/x64/flash.ts';
import type { Host } from '../../../src/host/contract.ts';
import { keyParts } from '../../../src/host/footprint.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';
import { spawnX64 } from '../../../src/host/node/x64/choose-set.ts';
import { wholeSlice } from '../../../src/problem/slice.ts';
import type { Workload } from '../../../src/problem/workload.ts';
import { MACHINE_CODE } from '../../machine-code.ts';
import { workload } from '../../workloads.ts';
import { runKernel, testShapes } from '../harness.ts';

const partsOf = (w: Workload) => {
  const program = wasmFlash.build(w, TYPICAL_DEVICE);
  return program.kind === 'wasm' && program.inPlace !== undefined ? keyParts(w, program.inPlace) : [];
};

const both = (changes: Partial<Workload>): Workload[] => [workload(changes), workload({ ...changes, mask: 'causal' })];

const SHAPES: Workload[] = [
  ...[1, 15, 16, 17, 63, 64, 65, 255, 256, 257, 2049].flatMap((seqKv) => both({ seqQuery: 1, seqKv })),
  ...[2, 3, 5, 7, 9, 10, 11, 13, 16].flatMap((seqQuery) => both({ seqQuery, seqKv: 531, headDim: 48 })),
  // Runs of several KV heads in one piece of work, and the last run shorter than the others.
  ...both({ seqQuery: 1, seqKv: 4100, headDim: 32, queryHeads: 20, kvHeads: 5 }),
  ...both({ seqQuery: 2, seqKv: 1100, headDim: 32, queryHeads: 5, kvHeads: 5 }),
  ...both({ seqQuery: 2, seqKv: 1500, window: 300, headDim: 64, queryHeads: 6, kvHeads: 2, batch: 2 }),
  ...both({ seqQuery: 3, seqKv: 777, headDim: 80, queryHeads: 10, kvHeads: 2, window: 260 }),
  ...both({ seqQuery: 1, seqKv: 700, window: 5, queryHeads: 16, kvHeads: 1, headDim: 576 }),
  // Rows that see nothing, and rows that see nothing of the first part.
  ...both({ seqQuery: 16, seqKv: 3 }),
  ...both({ seqQuery: 16, seqKv: 600, window: 244 }),
];

/** What machine code takes apart: keys left over of a tile, parts of a vector of v, rows in 4, 8 and 16 lanes. */
const OWN_SHAPES: Workload[] = [
  ...[1, 7, 8, 9, 31, 33, 39].flatMap((seqKv) => both({ seqQuery: 1, seqKv, headDim: 17, headDimV: 5 })),
  ...[1, 4, 5, 8, 9, 16].flatMap((queryHeads) =>
    both({ seqQuery: 1, seqKv: 300, queryHeads, kvHeads: 1, headDim: 1, headDimV: 100 }),
  ),
  ...both({ seqQuery: 2, seqKv: 1300, queryHeads: 14, kvHeads: 2, headDim: 72, softcap: 5, sinks: true }),
  ...both({ seqQuery: 4, seqKv: 700, queryHeads: 4, kvHeads: 1, headDim: 40, window: 90, softcap: 50, sinks: true }),
];

const VARIANTS = [
  ...(['simd', 'simd-relaxed', 'simd256'] as const).map((variant) => ({
    ...{ kernel: wasmFlash, variant, shapes: SHAPES },
    open: (threads: number): Promise<Host> => spawnWasm(variant, threads),
  })),
  ...MACHINE_CODE.runs.map((set) => ({
    ...{ kernel: x64Flash, variant: set, shapes: [...SHAPES, ...OWN_SHAPES] },
    open: (threads: number): Promise<Host> => spawnX64(set, threads),
  })),
];

describe.each(VARIANTS)('$kernel.name, $variant', ({ kernel, open, shapes }) => {
  let host: Host;
  beforeAll(async () => {
    host = await open(2);
  });
  afterAll(() => host.close());

  testShapes(kernel, () => host, shapes);

  it('merges parts by their maxima: a known answer', async () => {
    // q = e0, so that the first number of a key is its logit. One key of part 0 has ln 3, one of part 1 has 0, all others
    // weigh nothing beside them: o = (3 x 8 + 1 x 4) / 4 = 7.
    const w = workload({ seqQuery: 1, seqKv: 512, scale: 1 });
    expect(partsOf(w)).toEqual([
      { first: 0, end: 256 },
      { first: 256, end: 512 },
    ]);
    const logits: Record<number, number> = { 100: Math.log(3), 300: 0 };
    const k = Float32Array.from({ length: 512 * 32 }, (_, i) => (i % 32 === 0 ? (logits[i / 32] ?? -1000) : 0));
    const v = Float32Array.from({ length: 512 * 32 }, (_, i) => ({ 100: 8, 300: 4 })[Math.floor(i / 32)] ?? 99);
    const q = Float32Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    const { outputs } = await runKernel(host, kernel, w, { data: { kind: 'values', q, k, v } });
    for (const value of outputs[0] as Float32Array) expect(value).toBeCloseTo(7, 5);
  });

  it.each([60000, -60000, 3e30])('takes logits of %f in one part beside small ones in the others', async (huge) => {
    const w = workload({ seqQuery: 1, seqKv: 1024, scale: 1 });
    const k = Float32Array.from({ length: 1024 * 32 }, (_, i) => {
      const key = Math.floor(i / 32);
      return i % 32 === 0 ? (key >= 256 && key < 512 ? huge : Math.sin(key)) : 0;
    });
    const v = Float32Array.from({ length: 1024 * 32 }, (_, i) => Math.cos(i));
    const q = Float32Array.from({ length: 32 }, (_, i) => (i === 0 ? 1 : 0));
    const result = await runKernel(host, kernel, w, { data: { kind: 'values', q, k, v } });
    // f32 cannot tell logits near 3e30 apart: what comes out is a number, and no more is asked.
    if (huge === 3e30) expect(result.outputs.flatMap((row) => [...row]).every(Number.isFinite)).toBe(true);
    else expect(result).toMatchOracle();
  });

  it('takes copies of k and v in turn, of which each gives the same bits', async () => {
    const w = workload({ seqQuery: 1, seqKv: 600, headDim: 64, queryHeads: 8, kvHeads: 2, mask: 'causal' });
    const program = kernel.build(w, await host.environment());
    const data = { kind: 'normal', seed: 1 } as const;
    const slice = wholeSlice(w, 'blockRows' in program ? program.blockRows : 1);
    const { id, copies } = await host.prepare({ program, workload: w, slice, data, coldKeys: true });
    expect(copies).toBe(64);
    const addresses = Array.from({ length: 8 }, (_, queryHead) => ({ batch: 0, queryHead, row: 0 }));
    const outputs: Float32Array[][] = [];
    for (let run = 0; run < 3; run += 1) {
      await host.run(id);
      outputs.push(await host.read(id, addresses));
    }
    await host.dispose(id);
    expect(outputs[1]).toEqual(outputs[0]);
    expect(outputs[2]).toEqual(outputs[0]);
    expect(outputs[0]).toEqual((await runKernel(host, kernel, w, { rows: addresses, data })).outputs);
  });

  it('gives the same bits on one thread', async () => {
    const w = workload({ seqQuery: 1, seqKv: 5000, headDim: 64, queryHeads: 8, kvHeads: 2 });
    expect(partsOf(w).length).toBeGreaterThan(1);
    const single = await open(1);
    try {
      const { outputs } = await runKernel(single, kernel, w);
      expect((await runKernel(host, kernel, w)).outputs).toEqual(outputs);
    } finally {
      await single.close();
    }
  });
});

it('parts follow from the shape: all visible keys, once, and one part under a short window', () => {
  expect(partsOf(workload({ seqQuery: 1, seqKv: 131072, window: 128, mask: 'causal' }))).toEqual([
    { first: 131072 - 128, end: 131072 },
  ]);
  const parts = partsOf(workload({ seqQuery: 1, seqKv: 100_000 }));
  expect(parts[0]?.first).toBe(0);
  expect(parts.at(-1)?.end).toBe(100_000);
  for (const [i, { end }] of parts.slice(0, -1).entries()) expect(parts[i + 1]?.first).toBe(end);
});
