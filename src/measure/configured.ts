/** A kernel in a configuration that is not the shipped one. */

import type { DeviceProfile } from '../../kernels/device.ts';
import type { Configuration, Kernel } from '../../kernels/kernel.ts';
import type { Workload } from '../problem/workload.ts';

/** The kernel, built in the configuration that `choose` finds for a workload, and in its shipped one where that finds none. */
export function configured(
  kernel: Kernel,
  choose: (workload: Workload, device: DeviceProfile) => Configuration | undefined,
): Kernel {
  return {
    ...kernel,
    build(workload, device) {
      const configuration = choose(workload, device);
      return configuration === undefined || kernel.tunable === undefined
        ? kernel.build(workload, device)
        : kernel.tunable.build(configuration, workload, device);
    },
  };
}
