/** wgsl-flash in the configurations that are shipped for GPUs, and in others, on whatever adapter is here. */

import { describe, expect, it } from 'vitest';
import { fewRowsConfiguration } from '../../../kernels/configurations.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import type { WgslConfiguration } from '../../../kernels/wgsl/configuration.ts';
import { emitWgslFlash, wgslFlash } from '../../../kernels/wgsl/flash.ts';
import { bothDims, rowDimsOf } from '../../../kernels/wgsl/row-dims.ts';
import { storageOf } from '../../../kernels/wgsl/storage.ts';
import { type Dtype, describe as describeWorkload, type Workload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { configured, runKernel, testShapes } from '../harness.ts';
import { describeOnGpu } from './software-gpu.ts';

/** A configuration as a row of a table: threads along rows and keys, rows and keys of a thread, and so on. */
type Row = [
  threads: [number, number],
  rows: number,
  keys: number,
  chunk: number,
  valueKeys: number,
  unroll: number,
  weightParts: number,
  rescale: WgslConfiguration['rescale'],
  values: WgslConfiguration['values'],
  layout: WgslConfiguration['layout'],
  headDim: number,
  group: number,
  dtype: Dtype,
];

/** Any two values of any two columns meet in some row; all combinations would be 27,648. Small, since compiling is what takes time here. */
const PAIRWISE: Row[] = [
  [[4, 2], 4, 8, 16, 4, 1, 1, 'branch', 'before-softmax', 'swizzled', 32, 3, 'f16'],
  [[1, 4], 8, 4, 8, 8, 4, 2, 'always', 'after-softmax', 'swizzled', 48, 1, 'f16'],
  [[2, 4], 8, 12, 16, 8, 2, 1, 'always', 'after-softmax', 'swizzled', 32, 3, 'f32'],
  [[4, 2], 4, 4, 8, 4, 2, 2, 'branch', 'before-softmax', 'swizzled', 48, 1, 'f32'],
  [[2, 4], 4, 8, 8, 8, 1, 2, 'always', 'after-softmax', 'swizzled', 48, 3, 'f32'],
  [[1, 4], 4, 12, 8, 4, 4, 1, 'branch', 'before-softmax', 'plain', 32, 1, 'f32'],
  [[2, 4], 8, 12, 16, 8, 1, 2, 'branch', 'before-softmax', 'swizzled', 48, 1, 'f16'],
  [[2, 4], 8, 4, 16, 4, 4, 2, 'always', 'after-softmax', 'plain', 32, 3, 'f16'],
  [[1, 4], 8, 8, 16, 4, 2, 1, 'branch', 'after-softmax', 'plain', 48, 3, 'f16'],
  [[4, 2], 8, 8, 8, 8, 4, 1, 'always', 'after-softmax', 'plain', 48, 1, 'f16'],
  [[1, 4], 8, 4, 8, 4, 1, 1, 'always', 'before-softmax', 'plain', 48, 3, 'f32'],
  [[4, 2], 8, 12, 8, 8, 1, 1, 'branch', 'before-softmax', 'plain', 48, 3, 'f16'],
];

/** Ragged and masked shapes that are one program in a configuration. */
const shapes = (headDim: number, group: number, dtype: Dtype): Workload[] => {
  const common = { headDim, dtype, queryHeads: group, kvHeads: 1 };
  return [
    workload({ ...common, seqQuery: 71, mask: 'causal' }),
    workload({ ...common, seqQuery: 37, seqKv: 140 }),
    workload({ ...common, seqQuery: 90, window: 40 }),
  ];
};

await describeOnGpu('wgsl-flash', (host) => {
  // As the table of kernels/configurations.ts has them: of each vendor every row, head dimensions that fill a row's columns and that do not.
  describe.each([
    { vendor: 'amd', headDim: 64, group: 2, dtype: 'f32' as const },
    { vendor: 'amd', headDim: 128, group: 1, dtype: 'f16' as const },
    { vendor: 'amd', headDim: 256, group: 1, dtype: 'f32' as const },
    { vendor: 'nvidia', headDim: 64, group: 1, dtype: 'f16' as const },
    { vendor: 'nvidia', headDim: 128, group: 3, dtype: 'f32' as const },
    { vendor: 'nvidia', headDim: 160, group: 2, dtype: 'f16' as const, workgroupMemoryBytes: 16384 },
    { vendor: 'apple', headDim: 48, group: 2, dtype: 'f16' as const },
    { vendor: 'apple', headDim: 160, group: 1, dtype: 'f32' as const },
    { vendor: 'apple', headDim: 256, group: 3, dtype: 'f32' as const },
    { vendor: 'intel', headDim: 64, group: 1, dtype: 'f16' as const },
    { vendor: 'intel', headDim: 128, group: 2, dtype: 'f32' as const },
    { vendor: 'intel', headDim: 160, group: 3, dtype: 'f32' as const },
  ])('as shipped, $vendor, head dimension $headDim', ({ vendor, headDim, group, dtype, ...limits }) => {
    const device = {
      limits: { ...TYPICAL_DEVICE.limits, ...limits },
      features: { ...TYPICAL_DEVICE.features, vendor },
    };
    testShapes(configured(wgslFlash, {}, device), () => host, shapes(headDim, group, dtype));
  });

  describe.each(PAIRWISE)('%j', (...row) => {
    const [[threadRows, threadColumns], rows, keys, chunk, valueKeys, unroll, weightParts, rescale, values, layout] =
      row;
    const [headDim, group, dtype] = row.slice(-3) as [number, number, Dtype];
    const blocks = { threadRows, threadColumns, rows, keys };
    const config = { ...blocks, chunk, valueKeys, unroll, weightParts, rescale, values, layout };
    testShapes(configured(wgslFlash, config), () => host, shapes(headDim, group, dtype));
  });

  const config = { ...fewRowsConfiguration(16, bothDims(128), TYPICAL_DEVICE), threadColumns: 8 };
  it.each([
    // Query heads of a group side by side in a work tile; 5 do not divide a block of 16 rows.
    ...[2, 5, 16].map((group) => ({ group, splits: 1, dtype: 'f32' as const })),
    { group: 1, splits: 3, dtype: 'f32' as const },
    { group: 4, splits: 5, dtype: 'f16' as const },
  ])('$group query heads a work tile, keys in $splits parts, $dtype', async ({ dtype, ...schedule }) => {
    const build: Kernel['build'] = (w, { features }) =>
      emitWgslFlash(rowDimsOf(w), config, storageOf(w.dtype, features), schedule);
    const common = { dtype, queryHeads: schedule.group * 2, kvHeads: 2 };
    for (const w of [
      workload({ seqQuery: 1, seqKv: 300, ...common }),
      workload({ seqQuery: 23, seqKv: 301, mask: 'causal', batch: 2, ...common }),
      // More parts than blocks of keys, and rows that see nothing.
      workload({ seqQuery: 40, seqKv: 20, mask: 'causal', ...common }),
      workload({ seqQuery: 50, seqKv: 400, window: 37, ...common }),
    ]) {
      expect(await runKernel(host, { ...wgslFlash, build }, w), describeWorkload(w)).toMatchOracle();
    }
  });
});

describe('the table', () => {
  it('holds every pair of values', () => {
    const columns = PAIRWISE[0]?.length ?? 0;
    const valuesOf = (column: number) => [...new Set(PAIRWISE.map((row) => JSON.stringify(row[column])))];
    for (let a = 0; a < columns; a += 1) {
      for (let b = a + 1; b < columns; b += 1) {
        const met = new Set(PAIRWISE.map((row) => `${JSON.stringify(row[a])} ${JSON.stringify(row[b])}`));
        expect(met.size, `columns ${a} and ${b}`).toBe(valuesOf(a).length * valuesOf(b).length);
      }
    }
  });
});
