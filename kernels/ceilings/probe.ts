/**
 * The contract of a ceiling: a kernel whose result is known beforehand, so that a probe that skips its work is found.
 */

import { valueDim, type Workload } from '../../src/problem/workload.ts';
import type { DeviceProfile } from '../device.ts';
import type { Kernel } from '../kernel.ts';

/** The head dimension of q, k and v that makes as many FLOPs: their mean. */
export const meanDim = (w: Workload): number => (w.headDim + valueDim(w)) / 2;

/** A kernel that does as many operations of one kind as the attention of its work tiles would take. */
export interface Probe extends Kernel {
  /** What it counts for each FLOP of attention that its work tiles stand for: FLOPs, exponentials or bytes. */
  operationsPerFlop(workload: Workload): number;
  /** The first element of the first output row, with the full mask and zero inputs. */
  expected(workload: Workload): number;
  /** Whether it limits the arithmetic of a kernel for a workload; where this is absent, it limits every kernel of its device. */
  limits?(kernel: Kernel, workload: Workload, device: DeviceProfile): boolean;
  /** Set on a limit of memory, which counts bytes: kernels are then as fast as it reads at best. Absent: a limit of arithmetic. */
  roof?: 'memory';
  /** The clock of a core when it was chosen as the ceiling of its device, by the clock probe; absent where there is none. */
  coreHertz?: number;
  /** Its rate when it was chosen as the ceiling of its device, FLOP/s on large work; absent where it was not run by itself. */
  flopsAlone?: number;
}
