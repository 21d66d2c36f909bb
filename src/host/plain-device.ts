/** What a host reports that runs neither workgroups nor text that depends on instructions of its device. */

import type { Features, Limits } from '../../kernels/device.ts';

/** No limits on workgroups, where there are none. */
export const NO_WORKGROUPS: Pick<Limits, 'workgroupMemoryBytes' | 'workgroupInvocations'> = {
  workgroupMemoryBytes: Number.POSITIVE_INFINITY,
  workgroupInvocations: Number.POSITIVE_INFINITY,
};

/** No feature beyond the minimum. */
export const NO_FEATURES: Features = { relaxedSimd: false, simd256: false, f16: false };
