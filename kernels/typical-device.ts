/** A device to build for where there is none: what shows a kernel's text, and tests, build for this one. */

import type { DeviceProfile, SubgroupMatrix } from './device.ts';

/** The least that a GPU offers, in memory without end. */
export const TYPICAL_DEVICE: DeviceProfile = {
  limits: {
    memoryBytes: Number.POSITIVE_INFINITY,
    tensorBytes: Number.POSITIVE_INFINITY,
    workgroupMemoryBytes: 32768,
    workgroupInvocations: 256,
  },
  features: { relaxedSimd: true, simd256: false, f16: false },
};

/** Where a kernel that needs them is shown: the matrices of Apple's GPUs. */
export const TYPICAL_MATRIX: SubgroupMatrix = {
  shapes: [{ m: 8, n: 8, k: 8, component: 'f32' }],
  threads: 32,
  spelling: 'template',
};
