/** wasm-flash in tiles that are not the shipped one: every option, on ragged and masked shapes, each row against the oracle. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Configuration } from '../../../kernels/kernel.ts';
import { wasmFlash } from '../../../kernels/wasm/flash.ts';
import type { Host } from '../../../src/host/contract.ts';
import { revectorizeFlag } from '../../../src/host/node/flags.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';
import { describe as describeWorkload, type Workload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { runKernel } from '../harness.ts';

const TILES: Configuration[] = [
  {
    rows: 6,
    vectors: 4,
    blockRows: 48,
    blockKeys: 64,
    unroll: 8,
    rescale: 'branch',
    order: 'phases',
    maxima: 'always',
    values: 'panels',
  },
  {
    rows: 5,
    vectors: 4,
    blockRows: 20,
    blockKeys: 128,
    unroll: 16,
    rescale: 'always',
    order: 'groups',
    maxima: 'when-needed',
    values: 'rows',
  },
  {
    rows: 8,
    vectors: 2,
    blockRows: 96,
    blockKeys: 32,
    unroll: 2,
    rescale: 'always',
    order: 'groups',
    maxima: 'always',
    values: 'panels',
  },
  {
    rows: 3,
    vectors: 8,
    blockRows: 96,
    blockKeys: 512,
    unroll: 4,
    rescale: 'branch',
    order: 'phases',
    maxima: 'when-needed',
    values: 'rows',
  },
  {
    rows: 1,
    vectors: 2,
    blockRows: 7,
    blockKeys: 8,
    unroll: 1,
    rescale: 'always',
    order: 'groups',
    maxima: 'always',
    values: 'panels',
  },
];

const SHAPES: Workload[] = [
  workload({ headDim: 64, seqQuery: 101, queryHeads: 2, kvHeads: 2, mask: 'causal' }),
  // V used where it lies, and V that needs padding.
  workload({ headDim: 128, seqQuery: 33, seqKv: 320 }),
  workload({ headDim: 128, seqQuery: 33, seqKv: 331, batch: 2, queryHeads: 2, kvHeads: 1 }),
  workload({ headDim: 32, seqQuery: 130, seqKv: 20, mask: 'causal' }),
  workload({ headDim: 96, seqQuery: 90, seqKv: 200, window: 33, queryHeads: 3, kvHeads: 1 }),
];

describe.each(revectorizeFlag() === undefined ? (['simd-relaxed'] as const) : (['simd', 'simd256'] as const))(
  'wasm-flash, %s',
  (variant) => {
    let host: Host;
    beforeAll(async () => {
      host = await spawnWasm(variant, 2);
    });
    afterAll(() => host.close());

    for (const config of TILES) {
      const name = Object.values(config).join(' ');
      it.each(SHAPES.map((w) => ({ name: describeWorkload(w), w })))(`config ${name}: $name`, async ({ w }) => {
        const device = await host.environment();
        const problem = wasmFlash.tunable?.problem(config, w, device);
        const build = () => wasmFlash.tunable?.build(config, w, device) ?? wasmFlash.build(w, device);
        if (problem !== undefined) {
          // A panel of 32 does not divide 112 and the like: then it must say so.
          expect(problem).toMatch(/does not divide|multiple/);
          return;
        }
        const result = await runKernel(host, { ...wasmFlash, build }, w);
        expect(result).toMatchOracle();
      });
    }
  },
);
