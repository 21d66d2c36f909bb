/** A device to build for where there is none: what shows a kernel's text, and tests, build for this one. */

import type { Features, Limits, SubgroupMatrix } from './kernel.ts';

export const TYPICAL_FEATURES: Features = { relaxedSimd: true, simd256: false, f16: false };
/** Where a kernel that needs them is shown: the matrices of Apple's GPUs. */
export const TYPICAL_MATRIX: SubgroupMatrix = {
  shapes: [{ m: 8, n: 8, k: 8, component: 'f32' }],
  threads: 32,
  spelling: 'template',
};
export const TYPICAL_LIMITS: Limits = {
  memoryBytes: Number.POSITIVE_INFINITY,
  tensorBytes: Number.POSITIVE_INFINITY,
  workgroupMemoryBytes: 32768,
  workgroupInvocations: 256,
};
