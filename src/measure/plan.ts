/** What a run will do, before it does it: cases, work, memory, and time at typical speeds. */

import type { Kernel } from '../../kernels/kernel.ts';
import type { Case } from '../problem/cases.ts';
import { flops, pairs } from '../problem/flops.ts';
import { bytes, type Workload } from '../problem/workload.ts';

/**
 * The share of the remaining time that case `index` gets: by the square root of its keys a row, since a slice has a least
 * number of rows and long or unmasked rows cost more, while short ones still need their samples.
 */
export function budgetShare(all: readonly Case[], index: number): number {
  const weight = ({ workload }: Case) => Math.sqrt(pairs(workload) / workload.seqQuery);
  const remaining = all.slice(index).reduce((sum, planned) => sum + weight(planned), 0);
  return weight(all[index] as Case) / remaining;
}

/** A kernel at a workload as a dry run shows it. */
export interface PlannedCase {
  workload: Workload;
  kernel: string;
  flops: number;
  bytes: number;
  /** Seconds of one whole pass at a typical speed; null where devices differ too much to guess. */
  passSeconds: number | null;
}

/** FLOP/s of one core, seen on three server CPUs in November 2026: for estimates only, replaced by what is measured. */
const TYPICAL_RATES = { 'scalar-naive': 1.2e9, 'scalar-flash': 2.5e9, 'wasm-flash': 8e10, 'x64-flash': 1e11 } as const;

/** What each kernel would do at each workload on `cores` cores. */
export function plan(workloads: readonly Workload[], kernels: readonly Kernel[], cores: number): PlannedCase[] {
  return workloads.flatMap((workload) =>
    kernels.map(({ name, backend }) => {
      // An ablation is named after the kernel that it varies, and about as fast.
      const rate = Object.entries(TYPICAL_RATES).find(([known]) => name.startsWith(known))?.[1];
      const work = flops(workload);
      const passSeconds =
        rate === undefined ? null : work / rate / (backend === 'wasm' || backend === 'native' ? cores : 1);
      return { workload, kernel: name, flops: work, bytes: bytes(workload), passSeconds };
    }),
  );
}
