/** How wgsl-flash lays work out: query heads of a group side by side, and keys split where there is little else to split. */

import { expect, it } from 'vitest';
import { fewRowsConfiguration, wgslConfiguration } from '../../kernels/configurations.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { bothDims } from '../../kernels/wgsl/row-dims.ts';
import { groupOf, scheduleOf, waveOf } from '../../kernels/wgsl/work-tiles.ts';
import { workload } from '../workloads.ts';

it('keys are split where there is little else to split, and never on an adapter that a CPU emulates', () => {
  const decode = workload({ headDim: 128, seqQuery: 1, seqKv: 32768, queryHeads: 32, kvHeads: 4 });
  const prefill = workload({ headDim: 128, seqQuery: 4096, queryHeads: 32, kvHeads: 4 });
  const { features } = TYPICAL_DEVICE;
  const few = fewRowsConfiguration(8, bothDims(128), TYPICAL_DEVICE);
  expect(scheduleOf(decode, few, features)).toEqual({ group: 8, splits: 128 });
  expect(scheduleOf(decode, few, { ...features, software: true }).splits).toBe(1);
  expect(scheduleOf(prefill, wgslConfiguration(bothDims(128), TYPICAL_DEVICE), features)).toEqual({
    group: 8,
    splits: 1,
  });
  // A part of few rows has a block of 256 keys at least, one of 64 rows four blocks of 64.
  expect(scheduleOf({ ...decode, seqKv: 255 }, few, features).splits).toBe(1);
  expect(scheduleOf({ ...decode, seqKv: 2048 }, few, features).splits).toBe(8);
  const short = workload({ headDim: 128, seqQuery: 64, seqKv: 2048 });
  expect(scheduleOf(short, wgslConfiguration(bothDims(128), TYPICAL_DEVICE), features).splits).toBe(8);
});

it('a group larger than a block is in equal parts, as many heads of it together as fill most rows', () => {
  const of = (group: number, seqQuery: number, blockRows = 64) =>
    groupOf(workload({ queryHeads: 2 * group, kvHeads: 2, seqQuery }), blockRows);
  expect(of(8, 1)).toEqual({ group: 8 });
  expect(of(64, 1)).toEqual({ group: 64 });
  expect(of(128, 1)).toEqual({ group: 64, groupParts: 2 });
  // One token has 48 rows at once; of many, 32 rows of two tokens fill a block.
  expect(of(96, 1)).toEqual({ group: 48, groupParts: 2 });
  expect(of(96, 4096)).toEqual({ group: 32, groupParts: 3 });
  // No number divides it.
  expect(of(71, 1)).toEqual({ group: 1 });
});

it('a wave is the work tiles that 512 workgroups of 64 threads are, and one where their keys are in so many parts', () => {
  const of64 = wgslConfiguration(bothDims(128), TYPICAL_DEVICE);
  expect(waveOf(of64, { group: 1, splits: 1 })).toBe(512);
  expect(waveOf({ ...of64, threadRows: 32 }, { group: 1, splits: 1 })).toBe(128);
  expect(waveOf(of64, { group: 8, splits: 128 })).toBe(4);
  expect(waveOf(of64, { group: 8, splits: 1024 })).toBe(1);
});
