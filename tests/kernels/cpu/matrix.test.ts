/** Kernels x shapes x inputs on every backend that this machine has, each row against the oracle. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ABLATIONS, KERNELS } from '../../../kernels/index.ts';
import type { Backend } from '../../../kernels/kernel.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import type { Host } from '../../../src/host/contract.ts';
import { createScalarHost } from '../../../src/host/cpu/scalar-host.ts';
import { revectorizeFlag } from '../../../src/host/node/flags.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';
import { describe as describeWorkload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases } from '../adversarial.ts';
import { HEAD_DIMS, SHAPES } from '../cases.ts';
import { allRows, runKernel } from '../harness.ts';

interface Target {
  name: string;
  backend: Backend;
  open: () => Promise<Host>;
}

const places: Target[] = [
  { name: 'scalar', backend: 'scalar', open: async () => createScalarHost('this CPU', 2 ** 33) },
  { name: 'wasm simd', backend: 'wasm', open: () => spawnWasm('simd', 2) },
  { name: 'wasm simd-relaxed', backend: 'wasm', open: () => spawnWasm('simd-relaxed', 2) },
];
if (revectorizeFlag() !== undefined)
  places.push({ name: 'wasm simd256', backend: 'wasm', open: () => spawnWasm('simd256', 2) });

for (const place of places) {
  const own = KERNELS.filter(({ backend, library }) => backend === place.backend && library === undefined);
  for (const kernel of own) {
    describe(`${kernel.name} on ${place.name}`, () => {
      let host: Host;
      beforeAll(async () => {
        host = await place.open();
      });
      afterAll(() => host.close());

      it.each(SHAPES.map((w) => ({ name: describeWorkload(w), w })))('$name', async ({ w }) => {
        const result = await runKernel(host, kernel, w);
        expect(result).toMatchOracle();
      });

      it.each(HEAD_DIMS)('head dimension %i, groups of 1 to 8', async (headDim) => {
        const group = 1 + ((headDim / 16) % 8);
        const w = workload({ headDim, queryHeads: group, seqQuery: 33, seqKv: 140, mask: 'causal' });
        const result = await runKernel(host, kernel, w);
        expect(result).toMatchOracle();
      });

      it.each(adversarialCases())('$name', async ({ workload: w, data, heads }) => {
        const rows = allRows(w).filter(({ queryHead }) => heads?.includes(queryHead) ?? true);
        const result = await runKernel(host, kernel, w, { data, rows });
        expect(result).toMatchOracle();
      });

      it('gives the same bits twice', async () => {
        const w = workload({ headDim: 64, seqQuery: 150, queryHeads: 4, kvHeads: 2, mask: 'causal' });
        expect((await runKernel(host, kernel, w)).outputs).toEqual((await runKernel(host, kernel, w)).outputs);
      });

      it('gives a slice the results of the whole', async () => {
        const w = workload({ headDim: 64, seqQuery: 500, queryHeads: 4, kvHeads: 2, batch: 2, mask: 'causal' });
        const rows = [2, 5];
        const { outputs: whole } = await runKernel(host, kernel, w, {
          rows: addresses(kernel.build(w, TYPICAL_DEVICE).blockRows, rows),
        });
        const { outputs: part } = await runKernel(host, kernel, w, {
          rows: addresses(kernel.build(w, TYPICAL_DEVICE).blockRows, rows),
          slice: (blockRows) => ({
            batches: 1,
            kvHeads: 1,
            blockRows,
            runs: rows.map((start) => ({ start, count: 1 })),
          }),
        });
        expect(part).toEqual(whole);
      });
    });
  }
}

describe('ablations on wasm', () => {
  let host: Host;
  beforeAll(async () => {
    host = await spawnWasm(revectorizeFlag() === undefined ? 'simd-relaxed' : 'simd256', 2);
  });
  afterAll(() => host.close());

  describe.each(ABLATIONS.filter(({ backend }) => backend === 'wasm'))('$name', (kernel) => {
    it.each(SHAPES.map((w) => ({ name: describeWorkload(w), w })))('$name', async ({ w }) => {
      const result = await runKernel(host, kernel, w);
      expect(result).toMatchOracle();
    });

    it('is another program than the kernel that it varies', () => {
      const w = workload({ headDim: 128, seqQuery: 64 });
      const tuned = KERNELS.find(({ name }) => name === kernel.ablation?.of);
      expect(kernel.build(w, TYPICAL_DEVICE)).not.toEqual(tuned?.build(w, TYPICAL_DEVICE));
    });
  });
});

/** First rows of some blocks, in both query heads of KV head 0. */
function addresses(blockRows: number, blocks: number[]) {
  return blocks.flatMap((block) => [0, 1].map((queryHead) => ({ batch: 0, queryHead, row: block * blockRows })));
}
