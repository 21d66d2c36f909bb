/** Soft-cap, sinks, ALiBi and mask tensors in the CPU kernels, each row against the oracle; what a kernel lacks it refuses. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ABLATIONS, findKernel } from '../../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import type { Host } from '../../../src/host/contract.ts';
import { createScalarHost } from '../../../src/host/cpu/scalar-host.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';
import { spawnX64 } from '../../../src/host/node/x64/choose-set.ts';
import type { Data } from '../../../src/problem/data.ts';
import type { Workload } from '../../../src/problem/workload.ts';
import { MACHINE_CODE } from '../../machine-code.ts';
import { workload } from '../../workloads.ts';
import { scoreShapes } from '../cases.ts';
import { runKernel, testShapes, testSlice } from '../harness.ts';

const scalar = async () => createScalarHost('this CPU', 2 ** 33);

describe.each([
  { name: 'scalar-flash', variant: 'scalar', open: scalar },
  { name: 'scalar-naive', variant: 'scalar', open: scalar },
  { name: 'wasm-flash', variant: 'simd', open: () => spawnWasm('simd', 2) },
  { name: 'wasm-flash', variant: 'simd-relaxed', open: () => spawnWasm('simd-relaxed', 2) },
  ...MACHINE_CODE.runs.map((set) => ({ name: 'x64-flash', variant: set, open: () => spawnX64(set, 2) })),
])('$name, $variant', ({ name, variant, open }) => {
  const kernel = findKernel(name);
  let host: Host;
  beforeAll(async () => {
    host = await open();
  });
  afterAll(() => host.close());
  const get = () => host;

  // Each alone where texts differ most.
  const asked: Partial<Workload>[] = [{ softcap: 2, sinks: true }, { softcap: 50 }, { sinks: true }];
  describe.each(variant !== 'simd' ? asked : asked.slice(0, 1))('%o', (changes) => {
    testShapes(kernel, get, scoreShapes(changes));
  });

  const grouped = workload({ headDim: 64, queryHeads: 4, kvHeads: 2, batch: 2, mask: 'causal', sinks: true });
  testSlice(kernel, get, { ...grouped, softcap: 5 }, 'with sinks and a soft-cap');

  it.each([0.01, 1000])('scores near 0 and far beyond a cap of %f keep their bits', async (softcap) => {
    const w = workload({ seqQuery: 20, seqKv: 300, scale: 0.3, softcap });
    expect(await runKernel(host, kernel, w)).toMatchOracle();
    expect(await runKernel(host, kernel, { ...w, scale: 1e4 })).toMatchOracle();
  });

  it.each([-200, -30, 30, 80])('a sink of %i beside logits around 0', async (sink) => {
    for (const seqQuery of [2, 40]) {
      const w = workload({ seqQuery, seqKv: 100, sinks: true });
      const values = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * seed));
      const [q, k, v] = [values(seqQuery * 32, 1.7), values(3200, 2.3), values(3200, 3.1)];
      const data: Data = { kind: 'values', q, k, v, sinks: Float32Array.of(sink) };
      expect(await runKernel(host, kernel, w, { data })).toMatchOracle();
    }
  });

  it.runIf(name.startsWith('scalar'))('adds ALiBi and a mask tensor', async () => {
    for (const w of scoreShapes({ alibi: true })) expect(await runKernel(host, kernel, w)).toMatchOracle();
    const w = workload({ seqQuery: 9, seqKv: 130, queryHeads: 3, kvHeads: 3, alibi: true, maskTensor: true });
    const values = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * seed));
    const mask = values(9 * 130, 7.1).map((x, i) => (x > 0.8 || i < 130 ? Number.NEGATIVE_INFINITY : x * 3));
    const [q, k, v] = [values(9 * 96, 1.7), values(130 * 96, 2.3), values(130 * 96, 3.1)];
    // Row 0 sees nothing; what is hidden from all rows may be no number.
    for (let row = 0; row < 9; row += 1) mask[row * 130 + 7] = Number.NEGATIVE_INFINITY;
    v.fill(Number.NaN, 7 * 96, 8 * 96);
    const data: Data = { kind: 'values', q, k, v, mask: { values: mask, shape: [1, 1, 9, 130] } };
    const { outputs, ...result } = await runKernel(host, kernel, w, { data });
    expect(result).toMatchOracle();
    expect([...(outputs[0] ?? [])]).toEqual(Array(32).fill(0));
    // And other results than without them.
    const plain = await runKernel(host, kernel, { ...w, alibi: false }, { data });
    expect(plain.outputs[5]).not.toEqual(outputs[5]);
  });
});

describe('what is not taken', () => {
  const [alibi, masked] = [workload({ alibi: true }), workload({ maskTensor: true, softcap: 3 })];
  it.each(['wasm-flash', 'wgsl-flash', 'wgsl-rows', 'wgsl-naive', 'ort-native', 'ort-wasm'])('%s', (name) => {
    const { unsupported } = findKernel(name);
    const device = { ...TYPICAL_DEVICE, features: { ...TYPICAL_DEVICE.features, subgroups: true } };
    expect(unsupported(alibi, device)).toMatch(/no ALiBi; choose scalar-flash/);
    expect(unsupported(masked, device)).toMatch(/no .*mask tensors; choose scalar-flash/);
  });

  it('ablations of wasm-flash do what wasm-flash does', async () => {
    const host = await spawnWasm('simd-relaxed', 2);
    try {
      const w = workload({ seqQuery: 70, softcap: 1, sinks: true, mask: 'causal' });
      for (const kernel of ABLATIONS.filter(({ backend }) => backend === 'wasm')) {
        expect(await runKernel(host, kernel, w)).toMatchOracle();
      }
    } finally {
      await host.close();
    }
  });
});
