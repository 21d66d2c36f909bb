/**
 * What a run measures: cases (a workload and its threads), and suites (named lists of workloads, which bench/ holds as
 * data).
 */

import type { Workload } from './workload.ts';

/** A named list of workloads; the suites of bench/ are such values. */
export interface Suite {
  name: string;
  summary: string;
  workloads: Workload[];
  /** Workloads to run on one thread after the others. */
  singleThread?: Workload[];
  /** The models whose kinds of layers the workloads are, by the names of --model. */
  models?: string[];
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
export interface Case {
  workload: Workload;
  threads: number | null;
}

/** One case per workload, all with the same number of threads. */
export function cases(workloads: readonly Workload[], threads: number | null = null): Case[] {
  return workloads.map((workload) => ({ workload, threads }));
}
