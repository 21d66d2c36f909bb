/** A ceiling with a result that is known beforehand, so that a probe that skips its work is found. */

import type { Workload } from '../../src/problem/workload.ts';
import type { Kernel } from '../kernel.ts';

export interface Probe extends Kernel {
  /** What it counts for each FLOP of attention that its units stand for: FLOPs, exponentials or bytes. */
  operationsPerFlop(workload: Workload): number;
  /** The first element of the first output row, full mask and zero inputs. */
  expected(workload: Workload): number;
}
