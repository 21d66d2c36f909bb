/** Head dimensions of all kinds in the WGSL kernels: odd ones, wide ones, and one of its own for v, each row against the oracle. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../../kernels/index.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { emitWgslFlash } from '../../../kernels/wgsl/flash.ts';
import { rowDimsOf } from '../../../kernels/wgsl/row-dims.ts';
import { storageOf } from '../../../kernels/wgsl/storage.ts';
import type { Workload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { configured, runKernel, testShapes } from '../harness.ts';
import { SMALL } from '../small-configuration.ts';
import { describeOnGpu } from './software-gpu.ts';

const flash = findKernel('wgsl-flash');

/** Rows and keys that fill no block, of heads that lie beside each other; a program for each head dimension and type. */
const shapes = (changes: Partial<Workload>): Workload[] => [
  workload({ seqQuery: 37, queryHeads: 3, batch: 2, mask: 'causal', ...changes }),
  workload({ seqQuery: 5, seqKv: 140, queryHeads: 3, window: 9, ...changes }),
];

// A software adapter compiles each program for a second or more: each kind of access once for a kernel.
await describeOnGpu('head dimensions', (host) => {
  const get = () => host;

  describe('wgsl-flash in small configurations', () => {
    const small = configured(flash, SMALL);
    // Halves of two rows in a word; rows that begin anywhere; a last chunk with zeros.
    testShapes(small, get, [
      ...shapes({ headDim: 7, dtype: 'f16' }),
      ...shapes({ headDim: 30 }),
      ...shapes({ headDim: 36, headDimV: 50 }),
    ]);
    // As it is shipped for so wide a head, in fewer rows.
    testShapes(
      configured(flash, { ...SMALL, threadRows: 1, threadColumns: 32 }),
      get,
      shapes({ headDim: 576, headDimV: 512 }),
    );

    it('merges splits of values of their own length', async () => {
      const split: Kernel = {
        ...flash,
        build: (w, { features }) =>
          emitWgslFlash(rowDimsOf(w), SMALL, storageOf(w.dtype, features), { group: 2, splits: 3 }),
      };
      const w = workload({
        headDim: 20,
        headDimV: 9,
        seqQuery: 5,
        seqKv: 300,
        queryHeads: 4,
        kvHeads: 2,
        mask: 'causal',
      });
      expect(await runKernel(host, split, w)).toMatchOracle();
    });
  });

  describe('wgsl-rows', () => {
    testShapes(findKernel('wgsl-rows'), get, [
      ...shapes({ headDim: 24, headDimV: 70 }),
      ...shapes({ headDim: 272, headDimV: 20 }),
    ]);
  });

  describe('wgsl-naive', () => {
    testShapes(findKernel('wgsl-naive'), get, [
      ...shapes({ headDim: 5, dtype: 'f16' }),
      ...shapes({ headDim: 576, headDimV: 3 }),
    ]);
  });
});
