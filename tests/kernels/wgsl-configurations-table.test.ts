/** The shipped configurations of wgsl-flash for every vendor and head dimension: they fit the device. */

import { describe, expect, it } from 'vitest';
import { WGSL_ABLATIONS } from '../../kernels/ablations.ts';
import { FEW_ROWS, fewRowsConfiguration, wgslConfiguration } from '../../kernels/configurations.ts';
import type { DeviceProfile } from '../../kernels/device.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wgslConfigurationProblem } from '../../kernels/wgsl/candidates.ts';
import { floatsOfThread, floatsThatFit } from '../../kernels/wgsl/registers.ts';
import { workload } from '../workloads.ts';

const VENDORS = [undefined, 'amd', 'nvidia', 'apple', 'intel', 'qualcomm'];
const HEAD_DIMS = Array.from({ length: 15 }, (_, i) => 32 + 16 * i);

/** What WebGPU promises of every device: 16 KiB, 256 threads. */
const least = (vendor: string | undefined): DeviceProfile => ({
  limits: { ...TYPICAL_DEVICE.limits, workgroupMemoryBytes: 16384 },
  features: { ...TYPICAL_DEVICE.features, vendor },
});
/** One that has 32 KiB. */
const roomy = (vendor: string | undefined): DeviceProfile => ({ ...least(vendor), limits: TYPICAL_DEVICE.limits });

describe.each(VENDORS)('vendor %s', (vendor) => {
  it.each(HEAD_DIMS)('head dimension %i: what is shipped fits the memory, threads and registers', (headDim) => {
    for (const device of [least(vendor), roomy(vendor)]) {
      const configs = [
        wgslConfiguration(headDim, device),
        ...Array.from({ length: FEW_ROWS }, (_, i) => fewRowsConfiguration(i + 1, headDim, device)),
      ];
      for (const config of configs) {
        expect(wgslConfigurationProblem(config, headDim, device.limits)).toBeUndefined();
        expect(floatsOfThread(headDim, config)).toBeLessThanOrEqual(floatsThatFit(vendor));
      }
    }
  });

  it.each(WGSL_ABLATIONS)('$name is built or says why not', ({ unsupported, build }) => {
    for (const headDim of HEAD_DIMS) {
      const w = workload({ headDim, seqQuery: 64 });
      const reason = unsupported(w, roomy(vendor));
      if (reason === undefined) expect(build(w, roomy(vendor)).kind).toBe('wgsl');
      else expect(reason).toMatch(/multiples of 4|workgroup memory|threads/);
    }
  });
});

describe('few rows', () => {
  it.each(VENDORS)('are all in one block: vendor %s', (vendor) => {
    for (let rows = 1; rows <= FEW_ROWS; rows += 1) {
      const { threadRows, rows: own } = fewRowsConfiguration(rows, 128, least(vendor));
      expect(threadRows * own).toBeGreaterThanOrEqual(rows);
    }
  });
});

it('a vendor whose GPUs have few registers gets other configurations; one that is not known, those of large GPUs', () => {
  const shipped = (vendor: string | undefined) => wgslConfiguration(128, roomy(vendor));
  expect(shipped('amd')).toEqual(shipped(undefined));
  expect(shipped('qualcomm')).toEqual(shipped(undefined));
  expect(shipped('apple')).not.toEqual(shipped('amd'));
  expect(shipped('intel')).not.toEqual(shipped('apple'));
});
