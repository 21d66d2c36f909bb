/** Kernels x shapes x inputs on every CPU backend that this machine has, each row against the oracle. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ABLATIONS, KERNELS } from '../../../kernels/index.ts';
import type { Backend } from '../../../kernels/kernel.ts';
import type { Host } from '../../../src/host/contract.ts';
import { createScalarHost } from '../../../src/host/cpu/scalar-host.ts';
import { revectorizeFlag } from '../../../src/host/node/flags.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';
import { spawnX64 } from '../../../src/host/node/x64/choose-set.ts';
import { MACHINE_CODE } from '../../machine-code.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases } from '../adversarial.ts';
import { HEAD_DIMS, SHAPES } from '../cases.ts';
import { allRows, runKernel, testInputs, testShapes, testSlice } from '../harness.ts';

interface Target {
  name: string;
  backend: Backend;
  open: () => Promise<Host>;
}

/** Kernels of the project's own; those of other libraries are tested where they are installed. */
const OWN = KERNELS.filter(({ library }) => library === undefined);
const simd256 = revectorizeFlag() !== undefined;
const TARGETS: Target[] = [
  { name: 'scalar', backend: 'scalar', open: async () => createScalarHost('this CPU', 2 ** 33) },
  { name: 'wasm simd', backend: 'wasm', open: () => spawnWasm('simd', 2) },
  { name: 'wasm simd-relaxed', backend: 'wasm', open: () => spawnWasm('simd-relaxed', 2) },
  ...(simd256 ? [{ name: 'wasm simd256', backend: 'wasm' as const, open: () => spawnWasm('simd256', 2) }] : []),
  ...MACHINE_CODE.runs.map((set) => ({
    name: `machine code ${set}`,
    backend: 'native' as const,
    open: () => spawnX64(set, 2),
  })),
];

describe.each(TARGETS)('$name', ({ backend, open }) => {
  let host: Host;
  beforeAll(async () => {
    host = await open();
  });
  afterAll(() => host.close());
  const get = () => host;

  describe.each(OWN.filter((kernel) => kernel.backend === backend))('$name', (kernel) => {
    testShapes(kernel, get, SHAPES);
    testInputs(kernel, get, adversarialCases());
    testSlice(kernel, get, workload({ headDim: 64, queryHeads: 4, kvHeads: 2, batch: 2, mask: 'causal' }));
    // The keys between the two blocks of the slice are seen by none of its rows.
    testSlice(kernel, get, workload({ headDim: 64, window: 9, mask: 'causal' }), 'under a window');

    it.each(HEAD_DIMS.map(([headDim, headDimV = headDim]) => ({ headDim, headDimV })))(
      'head dimension $headDim, of v $headDimV, groups of 1 to 8, many rows and few',
      async (dims) => {
        const queryHeads = 2 * (1 + (Math.ceil(dims.headDim / 16) % 8));
        for (const seqQuery of [33, 2]) {
          const w = workload({ ...dims, queryHeads, kvHeads: 2, seqQuery, seqKv: 140, mask: 'causal' });
          expect(await runKernel(host, kernel, w)).toMatchOracle();
        }
      },
    );

    it.each([33, 2])('takes nothing of the heads beside a row of no whole vector, %i rows', async (seqQuery) => {
      const w = workload({ headDim: 7, headDimV: 5, queryHeads: 3, kvHeads: 3, seqQuery, seqKv: 70 });
      const values = (dims: number, tokens: number) =>
        Float32Array.from({ length: tokens * 3 * dims }, (_, i) => {
          return Math.floor(i / dims) % 3 === 1 ? Math.sin(i) : Number.NaN;
        });
      const data = { kind: 'values' as const, q: values(7, seqQuery), k: values(7, 70), v: values(5, 70) };
      const rows = allRows(w).filter(({ queryHead }) => queryHead === 1);
      expect(await runKernel(host, kernel, w, { data, rows })).toMatchOracle();
    });

    it('gives the same bits twice', async () => {
      const w = workload({ headDim: 64, seqQuery: 150, queryHeads: 4, kvHeads: 2, mask: 'causal' });
      expect((await runKernel(host, kernel, w)).outputs).toEqual((await runKernel(host, kernel, w)).outputs);
    });
  });
});

describe.skip.each(MACHINE_CODE.missing)('machine code $set, since $why', () => {
  it('runs', () => {});
});

describe('ablations on wasm', () => {
  let host: Host;
  beforeAll(async () => {
    host = await spawnWasm(simd256 ? 'simd256' : 'simd-relaxed', 2);
  });
  afterAll(() => host.close());

  describe.each(ABLATIONS.filter(({ backend }) => backend === 'wasm'))('$name', (kernel) => {
    testShapes(kernel, () => host, SHAPES);
    // They pack keys for few rows too, which wasm-flash reads in place.
    testInputs(kernel, () => host, adversarialCases());
  });
});
