/** The shipped configurations of wgsl-flash for every vendor and head dimension: they fit the device. */

import { describe, expect, it } from 'vitest';
import { WGSL_ABLATIONS } from '../../kernels/ablations.ts';
import { FEW_ROWS, fewRowsConfiguration, wgslConfiguration } from '../../kernels/configurations.ts';
import type { DeviceProfile } from '../../kernels/device.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { wgslConfigurationProblem } from '../../kernels/wgsl/candidates.ts';
import { floatsOfThread, floatsThatFit } from '../../kernels/wgsl/registers.ts';
import { bothDims } from '../../kernels/wgsl/row-dims.ts';
import { workload } from '../workloads.ts';

const VENDORS = [undefined, 'amd', 'nvidia', 'apple', 'intel', 'qualcomm'];
const HEAD_DIMS = [1, 8, 24, 40, 72, 88, ...Array.from({ length: 35 }, (_, i) => 32 + 16 * i)];
/** Above it a thread of so few registers keeps more than fits. */
const LARGEST_ON_INTEL = 512;

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
        wgslConfiguration(bothDims(headDim), device),
        ...Array.from({ length: FEW_ROWS }, (_, i) => fewRowsConfiguration(i + 1, bothDims(headDim), device)),
      ];
      for (const config of configs) {
        expect(wgslConfigurationProblem(config, bothDims(headDim), device.limits)).toBeUndefined();
        const most = vendor === 'intel' && headDim > LARGEST_ON_INTEL ? 64 : floatsThatFit(vendor);
        expect(floatsOfThread(headDim, config)).toBeLessThanOrEqual(most);
      }
    }
  });

  it.each(WGSL_ABLATIONS)('$name is built or says why not', ({ unsupported, build }) => {
    for (const headDim of HEAD_DIMS.filter((dim) => dim >= 32 && dim % 16 === 0)) {
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
      const { threadRows, rows: own } = fewRowsConfiguration(rows, bothDims(128), least(vendor));
      expect(threadRows * own).toBeGreaterThanOrEqual(rows);
    }
  });
});

it('a vendor whose GPUs have few registers gets other configurations; one that is not known, those of large GPUs', () => {
  const shipped = (vendor: string | undefined) => wgslConfiguration(bothDims(128), roomy(vendor));
  expect(shipped('amd')).toEqual(shipped(undefined));
  expect(shipped('qualcomm')).toEqual(shipped(undefined));
  expect(shipped('apple')).not.toEqual(shipped('amd'));
  expect(shipped('intel')).not.toEqual(shipped('apple'));
});
