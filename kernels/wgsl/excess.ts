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
 * undefined where all fits. Where a CPU emulates the GPU there are no registers to run out of.
 */
export function excess({ floats, threads, workgroupBytes }: Needs, { limits, features }: DeviceProfile) {
  const most = floatsThatFit(features.vendor);
  if (features.software !== true && floats > most)
    return `more than ${most} floats a thread in registers on ${features.vendor ?? 'a GPU of unknown vendor'}`;
  if (workgroupBytes > limits.workgroupMemoryBytes)
    return `more than ${formatBytes(limits.workgroupMemoryBytes)} of workgroup memory`;
  if (threads > limits.workgroupInvocations) return `more than ${limits.workgroupInvocations} threads in a workgroup`;
  return undefined;
}
