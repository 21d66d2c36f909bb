/** A device to build for where there is none: what shows a kernel's text, and tests, build for this one. */

import type { Features, Limits } from './kernel.ts';

export const TYPICAL_FEATURES: Features = { relaxedSimd: true, simd256: false, f16: false };
export const TYPICAL_LIMITS: Limits = {
  memoryBytes: Number.POSITIVE_INFINITY,
  tensorBytes: Number.POSITIVE_INFINITY,
  workgroupMemoryBytes: 32768,
  workgroupInvocations: 256,
};
