/** Whether a configuration of a WGSL kernel takes more of a GPU than it has: registers, workgroup memory, threads. */

import { formatBytes } from '../../src/format.ts';
import type { DeviceProfile } from '../device.ts';
import { floatsThatFit } from './registers.ts';

/** What a configuration takes. */
export interface Needs {
  /** Floats that a thread keeps in registers while it walks over the keys. */
  floats: number;
  /** Of a workgroup. */
  threads: number;
  /** Bytes of workgroup memory. */
  workgroupBytes: number;
}

/**
 * What of it is too much, in words that say only how much a device has, so that all configurations that take too much of it share them;
 * undefined where all fits. Registers are enough for `shippedFloats`, whatever is known of the vendor's; where a CPU emulates the GPU there
 * are none to run out of.
 */
export function excess(
  { floats, threads, workgroupBytes }: Needs,
  { limits, features }: DeviceProfile,
  shippedFloats: number,
): string | undefined {
  const most = Math.max(floatsThatFit(features.vendor), shippedFloats);
  if (features.software !== true && floats > most)
    return `more than ${most} floats a thread in registers on ${features.vendor ?? 'a GPU of unknown vendor'}`;
  if (workgroupBytes > limits.workgroupMemoryBytes)
    return `more than ${formatBytes(limits.workgroupMemoryBytes)} of workgroup memory`;
  if (threads > limits.workgroupInvocations) return `more than ${limits.workgroupInvocations} threads in a workgroup`;
  return undefined;
}

/** The same device without limits: what cannot be built for it is no configuration at all, rather than one that takes too much. */
export const withoutLimits = ({ limits, features }: DeviceProfile): DeviceProfile => ({
  limits: { ...limits, workgroupMemoryBytes: Number.POSITIVE_INFINITY, workgroupInvocations: Number.POSITIVE_INFINITY },
  features,
});
