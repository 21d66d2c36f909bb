/** wasm-flash and x64-flash against a plain f32 loop: no more than 4 times its error; and the same bits from any number of threads. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findKernel } from '../../../kernels/index.ts';
import type { Host } from '../../../src/host/contract.ts';
import { revectorizeFlag } from '../../../src/host/node/flags.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';
import { spawnX64 } from '../../../src/host/node/x64/choose-set.ts';
import { oracle } from '../../../src/host/oracle.ts';
import { type Data, fillRow } from '../../../src/problem/data.ts';
import type { RowAddress } from '../../../src/problem/slice.ts';
import { groupSize, keyRange, type Workload } from '../../../src/problem/workload.ts';
import { MACHINE_CODE } from '../../machine-code.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases } from '../adversarial.ts';
import { allRows, runKernel } from '../harness.ts';

const f32 = Math.fround;

/** One row with every operation rounded to f32, in the order of the formula: what careful but plain code gives. */
function plainRow(w: Workload, data: Data, { batch, queryHead, row }: RowAddress): Float32Array {
  const [q, k, v] = [new Float32Array(w.headDim), new Float32Array(w.headDim), new Float32Array(w.headDim)];
  const kvHead = Math.floor(queryHead / groupSize(w));
  fillRow(data, w, 'q', batch, queryHead, row, q, 0);
  const { low, high } = keyRange(w, row);
  const logits = new Float32Array(high - low);
  for (let j = low; j < high; j += 1) {
    fillRow(data, w, 'k', batch, kvHead, j, k, 0);
    let dot = 0;
    for (let d = 0; d < w.headDim; d += 1) dot = f32(dot + f32((q[d] as number) * (k[d] as number)));
    logits[j - low] = f32(dot * f32(w.scale));
  }
  const maximum = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const sums = new Float32Array(w.headDim);
  let total = 0;
  for (let j = low; j < high; j += 1) {
    fillRow(data, w, 'v', batch, kvHead, j, v, 0);
    const weight = f32(Math.exp(f32((logits[j - low] as number) - maximum)));
    total = f32(total + weight);
    for (let d = 0; d < w.headDim; d += 1) sums[d] = f32((sums[d] as number) + f32(weight * (v[d] as number)));
  }
  return sums.map((sum) => (total > 0 ? sum / total : 0));
}

const CASES = [
  {
    name: 'normal inputs',
    workload: workload({ headDim: 128, seqQuery: 60, seqKv: 1500 }),
    data: { kind: 'normal', seed: 2 } as Data,
  },
  {
    name: 'causal',
    workload: workload({ headDim: 64, seqQuery: 300, mask: 'causal' }),
    data: { kind: 'normal', seed: 3 } as Data,
  },
  ...adversarialCases().filter(({ heads }) => heads === undefined),
];

const variant = revectorizeFlag() === undefined ? 'simd-relaxed' : 'simd256';
const SUBJECTS = [
  { name: 'wasm-flash', variant, open: (threads: number) => spawnWasm(variant, threads) },
  ...MACHINE_CODE.runs.map((set) => ({
    name: 'x64-flash',
    variant: set,
    open: (threads: number) => spawnX64(set, threads),
  })),
];

describe.each(SUBJECTS)('$name, $variant', ({ name, open }) => {
  let hosts: [Host, Host, Host];
  beforeAll(async () => {
    hosts = [await open(1), await open(2), await open(3)];
  });
  afterAll(() => Promise.all(hosts.map((host) => host.close())));

  it.each(CASES)('errs at most 4 times as much as a plain f32 loop: $name', async ({ workload: w, data }) => {
    const rows = allRows(w).filter((_, i) => i % 7 === 0);
    const { outputs } = await runKernel(hosts[0], findKernel(name), w, { data, rows });
    const references = oracle(w, data, rows);
    const error = (output: (index: number) => Float32Array) =>
      Math.max(
        ...references.flatMap((reference, i) =>
          [...reference.output].map((x, d) => Math.abs(x - (output(i)[d] as number))),
        ),
      );
    const plain = rows.map((row) => plainRow(w, data, row));
    const own = error((i) => outputs[i] as Float32Array);
    // A rounding of the largest output is the least that any f32 result can be held to.
    const largest = Math.max(...references.flatMap(({ output }) => [...output].map(Math.abs)));
    expect(own).toBeLessThanOrEqual(Math.max(4 * error((i) => plain[i] as Float32Array), largest * 2 ** -23));
  });

  it('gives the same bits from one, two and three threads', async () => {
    const w = workload({ headDim: 128, seqQuery: 400, queryHeads: 4, kvHeads: 2, mask: 'causal' });
    const [one, two, three] = await Promise.all(hosts.map((host) => runKernel(host, findKernel(name), w)));
    expect(two?.outputs).toEqual(one?.outputs);
    expect(three?.outputs).toEqual(one?.outputs);
  });

  it('gives the same bits from any threads where only some rows bound their logits', async () => {
    const w = workload({ headDim: 32, seqQuery: 400, queryHeads: 2, kvHeads: 2 });
    const tensor = (scaleOf: (row: number) => number) =>
      Float32Array.from({ length: 400 * 2 * 32 }, (_, i) => Math.sin(i * 12.9898) * scaleOf(Math.floor(i / 64)));
    // A large row in every block of 48: its part needs maxima, the block's other parts alone would not.
    const data: Data = {
      kind: 'values',
      q: tensor((row) => (row % 48 === 40 ? 60 : 1)),
      k: tensor(() => 1),
      v: tensor(() => 1),
    };
    const [one, two, three] = await Promise.all(hosts.map((host) => runKernel(host, findKernel(name), w, { data })));
    expect(one).toMatchOracle();
    expect(two?.outputs).toEqual(one?.outputs);
    expect(three?.outputs).toEqual(one?.outputs);
  });
});
