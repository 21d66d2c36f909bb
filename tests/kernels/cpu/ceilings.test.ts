/** Ceilings do the work that they claim: their sums and exponentials are read back and known beforehand. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clockProbe, exponentialCeiling, memoryReads, multiplyAddCeilings } from '../../../kernels/ceilings/wasm.ts';
import { x64MemoryReads } from '../../../kernels/ceilings/x64.ts';
import { revectorizeFlag } from '../../../src/host/node/flags.ts';
import type { ChildHost } from '../../../src/host/node/spawn.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';
import { spawnX64 } from '../../../src/host/node/x64/choose-set.ts';
import { fastestProbe, probeWorkload } from '../../../src/measure/ceilings.ts';
import { flops } from '../../../src/problem/flops.ts';
import { MACHINE_CODE } from '../../machine-code.ts';
import { runKernel } from '../harness.ts';

const W = probeWorkload(48, 512, 64);
const FIRST = [{ batch: 0, queryHead: 0, row: 0 }];

describe.each(revectorizeFlag() === undefined ? ['simd-relaxed'] : ['simd-relaxed', 'simd256'])(
  'ceilings, %s',
  (variant) => {
    let host: ChildHost;
    beforeAll(async () => {
      host = await spawnWasm(variant as 'simd-relaxed', 1);
    });
    afterAll(() => host.close());

    const simd256 = variant === 'simd256';
    it.each(multiplyAddCeilings({ relaxedSimd: true, simd256, f16: false }))(
      '$name adds up as often as attention would',
      async (kernel) => {
        const { outputs } = await runKernel(host, kernel, W, { rows: FIRST, data: { kind: 'none' } });
        const [rows = 0, vectors = 0] = (kernel.name.split('-').at(-1) ?? '').split('x').map(Number);
        // Every step of a panel adds 2^-20 to each of rows x 4 vectors sums, for 2 FLOPs each.
        const steps = Math.round(flops(W) / (2 * rows * vectors * 4 * 128)) * 128;
        expect((outputs[0]?.[0] ?? 0) * 2 ** 20).toBeCloseTo(steps, -1);
      },
    );

    it('takes exponentials that are right', async () => {
      const { outputs } = await runKernel(host, exponentialCeiling, W, { rows: FIRST, data: { kind: 'none' } });
      expect(outputs[0]?.[0]).toBeCloseTo(2 ** -3.25, 7);
    });

    it('adds as often as the clock probe says, by the last bits of Fibonacci sums', async () => {
      const { outputs } = await runKernel(host, clockProbe, W, { rows: FIRST, data: { kind: 'none' } });
      expect(outputs[0]?.[0]).toBe(clockProbe.expected(W));
      expect(clockProbe.expected(W)).toBeGreaterThan(0);
    });

    it('counts what the memory probe reads, of all keys and under a window', async () => {
      for (const w of [
        { ...probeWorkload(1, 700, 64, 2), queryHeads: 4 },
        { ...probeWorkload(1, 5000, 32, 3), headDimV: 21, mask: 'causal' as const },
        { ...probeWorkload(1, 5000, 64, 3), mask: 'causal' as const, window: 300 },
      ]) {
        const { outputs } = await runKernel(host, memoryReads, w, { rows: FIRST, data: { kind: 'none' } });
        expect(outputs[0]?.[0]).toBe(memoryReads.expected(w));
      }
      // Two KV heads of 700 keys: 64 floats of K and of V each, a KV head a piece of work.
      expect(memoryReads.expected(probeWorkload(1, 700, 64, 2))).toBe(2 * 64 * 700);
    });

    it('names the fastest probe', async () => {
      const probes = multiplyAddCeilings({ relaxedSimd: true, simd256, f16: false }).slice(0, 2);
      const found = await fastestProbe(host, probes, W, 3);
      expect(probes.map(({ name }) => name)).toContain(found.probe);
      expect(found.minimum).toBeLessThanOrEqual(found.rate);
      expect(found.rate).toBeLessThanOrEqual(found.maximum);
    });
  },
);

describe.each(MACHINE_CODE.runs)('machine code, %s', (set) => {
  let host: ChildHost;
  beforeAll(async () => {
    host = await spawnX64(set, 2);
  });
  afterAll(() => host.close());

  it('counts what the memory probe reads: of all keys, under a window, of rows that are no whole lines', async () => {
    for (const w of [
      { ...probeWorkload(1, 700, 64, 2), queryHeads: 4 },
      { ...probeWorkload(1, 5000, 7, 3), headDimV: 21, mask: 'causal' as const },
      { ...probeWorkload(1, 5000, 64, 3), mask: 'causal' as const, window: 300 },
    ]) {
      const { outputs } = await runKernel(host, x64MemoryReads(set), w, { rows: FIRST, data: { kind: 'none' } });
      expect(outputs[0]?.[0]).toBe(x64MemoryReads(set).expected(w));
    }
  });
});
