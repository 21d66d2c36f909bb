/** Soft-cap and sinks in the WGSL kernels, each row against the oracle. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../../kernels/index.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { emitWgslFlash } from '../../../kernels/wgsl/flash.ts';
import { rowDimsOf } from '../../../kernels/wgsl/row-dims.ts';
import { storageOf } from '../../../kernels/wgsl/storage.ts';
import type { Data } from '../../../src/problem/data.ts';
import { workload } from '../../workloads.ts';
import { configured, runKernel, testShapes, testSlice } from '../harness.ts';
import { APPLE, emulated } from '../matrix-features.ts';
import { SMALL } from '../small-configuration.ts';
import { describeOnGpu } from './software-gpu.ts';

const flash = findKernel('wgsl-flash');
const ASKED = { softcap: 2, sinks: true };

// A software adapter compiles each program for a second or more: few programs, in shapes that meet all of them.
await describeOnGpu('scores on a GPU', (host) => {
  const get = () => host;

  describe.each([
    { name: 'wgsl-flash in a small configuration', kernel: configured(flash, SMALL) },
    ...['wgsl-rows', 'wgsl-naive'].map((name) => ({ name, kernel: findKernel(name) })),
  ])('$name', ({ kernel }) => {
    const one = workload({ seqQuery: 131, queryHeads: 2, kvHeads: 2, batch: 2, ...ASKED });
    testShapes(kernel, get, [
      one,
      { ...one, mask: 'causal', window: 20 },
      // Rows that see nothing; logits beyond 60.
      { ...one, mask: 'causal', seqKv: 20 },
      { ...one, seqQuery: 65, seqKv: 300, scale: 9 },
      workload({ seqQuery: 16, seqKv: 300, headDim: 64, queryHeads: 8, kvHeads: 2, mask: 'causal', sinks: true }),
    ]);
    // A group of more heads than a work tile has rows.
    testShapes(kernel, get, [workload({ seqQuery: 2, seqKv: 90, queryHeads: 128, kvHeads: 1, sinks: true })]);
    testSlice(kernel, get, workload({ headDim: 64, queryHeads: 8, kvHeads: 2, mask: 'causal', sinks: true }), 'sinks');

    it('a cap far above the scores keeps their bits, and one far below them does not overflow', async () => {
      const w = workload({ seqQuery: 20, seqKv: 300, scale: 0.3, softcap: 1000 });
      expect(await runKernel(host, kernel, w)).toMatchOracle();
      expect(await runKernel(host, kernel, { ...w, scale: 1e6 })).toMatchOracle();
    });

    it.each([-200, 30, 80])('a sink of %i beside logits around 0', async (sink) => {
      const w = workload({ seqQuery: 40, seqKv: 100, sinks: true });
      const values = (length: number, seed: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * seed));
      const [q, k, v] = [values(40 * 32, 1.7), values(3200, 2.3), values(3200, 3.1)];
      const data: Data = { kind: 'values', q, k, v, sinks: Float32Array.of(sink) };
      expect(await runKernel(host, kernel, w, { data })).toMatchOracle();
    });
  });

  // Emulated matrices in two configurations: a subgroup's own rows, and a team's.
  it.each([
    [
      'f32',
      emulated({ threads: 16, shapes: [APPLE] }, { subgroups: 2, rows: 8, keys: 8, k: 'staged', q: 'workgroup' }),
    ],
    [
      'f16',
      emulated(
        { threads: 16, shapes: [APPLE] },
        { subgroups: 2, team: 2, rows: 8, keys: 16, k: 'staged', v: 'staged', q: 'workgroup' },
      ),
    ],
  ] as const)('wgsl-matrix, tensors of %s', async (dtype, kernel) => {
    const shape = { seqQuery: 41, seqKv: 83, queryHeads: 4, kvHeads: 2, mask: 'causal', dtype } as const;
    const w = workload({ ...shape, ...ASKED });
    expect(await runKernel(host, kernel, w)).toMatchOracle();
    // Rows that see nothing, in the same program.
    expect(await runKernel(host, kernel, { ...w, seqKv: 20, scale: 9 })).toMatchOracle();
    // Values that 16 bits hold; beside the largest sinks they do not hold the outputs.
    const values = (length: number, seed: number) =>
      Float32Array.from({ length }, (_, i) => Math.round(256 * Math.sin(i * seed)) / 256);
    const [q, k, v] = [values(41 * 128, 1.7), values(83 * 64, 2.3), values(83 * 64, 3.1)];
    const sinks = Float32Array.of(-200, 0, 30, 80);
    expect(await runKernel(host, kernel, w, { data: { kind: 'values', q, k, v, sinks } })).toMatchOracle();
  });

  it('one split of the keys has the sink', async () => {
    const split: Kernel = {
      ...flash,
      build: (w, { features }) =>
        emitWgslFlash(rowDimsOf(w), SMALL, storageOf(w.dtype, features), { group: 2, splits: 3 }, 'memory', w),
    };
    const w = workload({ seqQuery: 5, seqKv: 300, queryHeads: 4, kvHeads: 2, mask: 'causal', ...ASKED });
    expect(await runKernel(host, split, w)).toMatchOracle();
  });
});
