/** How wgsl-flash lays work out: query heads of a group side by side, and keys split where there is little else to split. */

import { expect, it } from 'vitest';
import { fewRowsConfiguration, wgslConfiguration } from '../../kernels/configurations.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { scheduleOf } from '../../kernels/wgsl/work-tiles.ts';
import { workload } from '../workloads.ts';

it('keys are split where there is little else to split, and never on an adapter that a CPU emulates', () => {
  const decode = workload({ headDim: 128, seqQuery: 1, seqKv: 32768, queryHeads: 32, kvHeads: 4 });
  const prefill = workload({ headDim: 128, seqQuery: 4096, queryHeads: 32, kvHeads: 4 });
  const { features } = TYPICAL_DEVICE;
  const few = fewRowsConfiguration(8, 128, TYPICAL_DEVICE);
  expect(scheduleOf(decode, few, features)).toEqual({ group: 8, splits: 32 });
  expect(scheduleOf(decode, few, { ...features, software: true }).splits).toBe(1);
  expect(scheduleOf(prefill, wgslConfiguration(128, TYPICAL_DEVICE), features)).toEqual({ group: 8, splits: 1 });
  // A part has four blocks of keys at least.
  expect(scheduleOf({ ...decode, seqKv: 1024 }, few, features).splits).toBe(1);
  expect(scheduleOf({ ...decode, seqKv: 2048 }, few, features).splits).toBe(2);
});
