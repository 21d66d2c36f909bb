/** What a run will do, before it does it: points, work, memory, and time at typical speeds. */

import type { Kernel } from '../../kernels/kernel.ts';
import { bytes, flops, pairs, type Workload } from '../problem/workload.ts';

/** A named list of workloads; the suites of bench/ are such values. */
export interface Suite {
  name: string;
  summary: string;
  workloads: Workload[];
  /** Workloads to run on one thread after the others. */
  singleThread?: Workload[];
  /** Kernels, their baseline and the samples of each, where the suite fixes them. */
  kernels?: string[];
  baseline?: string;
  samples?: number;
  /** The WebAssembly variant, where the suite is about one. */
  variant?: string;
  /** Seconds of measuring for the whole suite where the user does not say. */
  budgetSeconds: number;
}

/** A workload to measure, and the threads to do it with; null leaves them to the options. */
export interface Point {
  workload: Workload;
  threads: number | null;
}

/** Workloads without a wish for threads. */
export function points(workloads: readonly Workload[], threads: number | null = null): Point[] {
  return workloads.map((workload) => ({ workload, threads }));
}

/**
 * The share of the remaining time that point `index` gets: by the square root of its keys a row, since a slice has a least
 * number of rows and long or unmasked rows cost more, while short ones still need their samples.
 */
export function budgetShare(all: readonly Point[], index: number): number {
  const weight = ({ workload }: Point) => Math.sqrt(pairs(workload) / workload.seqQuery);
  const remaining = all.slice(index).reduce((sum, point) => sum + weight(point), 0);
  return weight(all[index] as Point) / remaining;
}

export interface PlannedPoint {
  workload: Workload;
  kernel: string;
  flops: number;
  bytes: number;
  /** Seconds of one whole pass at a typical speed; null where devices differ too much to guess. */
  passSeconds: number | null;
}

/** FLOP/s of one core, seen on three server CPUs in November 2026: for estimates only, replaced by what is measured. */
const TYPICAL_RATES = { 'scalar-naive': 1.2e9, 'scalar-flash': 2.5e9, 'wasm-flash': 8e10 } as const;

export function plan(workloads: readonly Workload[], kernels: readonly Kernel[], cores: number): PlannedPoint[] {
  return workloads.flatMap((workload) =>
    kernels.map(({ name, backend, ablation }) => {
      const rate = (TYPICAL_RATES as Record<string, number>)[ablation?.of ?? name];
      const work = flops(workload);
      const passSeconds = rate === undefined ? null : work / rate / (backend === 'wasm' ? cores : 1);
      return { workload, kernel: name, flops: work, bytes: bytes(workload), passSeconds };
    }),
  );
}
