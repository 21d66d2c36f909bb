/** What bench bringup has found so far, as plain data: --format json prints it, and the Markdown is made of it. */

import type { Configuration } from '../../../kernels/kernel.ts';
import type { Environment } from '../../host/contract.ts';
import type { GpuSettings } from '../../host/role.ts';
import type { Dtype, Mask, Workload } from '../../problem/workload.ts';
import type { Measurement } from '../../record/measurement.ts';
import type { DeviceCeiling } from '../ceilings.ts';
import type { Plan, StepName } from './plan.ts';

/** Name and version of the document. */
export const BRINGUP_SCHEMA = 'attnbench-bringup/1';

/** How a step ended. What it found before it failed is kept. */
export type StepEnd =
  | { state: 'done'; note: string | null }
  | { state: 'failed'; reason: string }
  | { state: 'skipped'; reason: string };

/** A step that is over. */
export type StepOutcome = { step: StepName; seconds: number } & StepEnd;

/** A program checked against the float64 oracle, every row of it. */
export interface Check {
  kernel: string;
  /** Null is the shipped one. */
  configuration: Configuration | null;
  headDim: number;
  dtype: Dtype;
  mask: Mask;
  /** 'failed' has no result: it did not compile or did not run. */
  state: 'right' | 'wrong' | 'skipped' | 'failed';
  /** Why it is not right; null where it is. */
  reason: string | null;
  /** Largest error of a row over the root mean square of the row, and what rounding can explain; null without a result. */
  maxRelativeError: number | null;
  tolerance: number | null;
}

/** One side of a comparison. */
export interface ComparedSide {
  label: string;
  kernel: string;
  /** The one that it ran in, the shipped one too; null where the kernel has no choice. */
  configuration: Configuration | null;
  /** How its device was opened; null is the usual way. */
  settings: GpuSettings | null;
  /** Floats of S and O that a thread keeps, and threads of a workgroup; null where that is not known. */
  threadFloats: number | null;
  threads: number | null;
  /** With all its samples; null where it was not run. */
  measurement: Measurement | null;
  /** Why it has no rate; null where it has one. */
  reason: string | null;
  /** Its throughput over that of the first side, median of the rounds that both have; null for the first side itself. */
  ratio: { median: number; low: number | null; high: number | null; rounds: number } | null;
}

/** Sides that took turns in the same rounds; the others are divided by the first. */
export interface SideBySide {
  step: StepName;
  workload: Workload;
  sides: ComparedSide[];
}

/** Everything that was found. */
export interface Bringup {
  schema: typeof BRINGUP_SCHEMA;
  startedAt: string;
  /** The command line, paths shortened to their last part. */
  argv: string[];
  versions: Record<string, string>;
  /** Null before the device was opened. */
  plan: Plan | null;
  environment: Environment | null;
  steps: StepOutcome[];
  checks: Check[];
  ceilings: DeviceCeiling[];
  comparisons: SideBySide[];
  /** True where the user ended it. */
  cancelled: boolean;
}

/** Nothing found yet. */
export const nothingFound = (run: Pick<Bringup, 'startedAt' | 'argv' | 'versions'>): Bringup => ({
  schema: BRINGUP_SCHEMA,
  ...run,
  ...{ plan: null, environment: null, steps: [], checks: [], ceilings: [], comparisons: [], cancelled: false },
});

/** True where a step failed or a program gave a wrong result. */
export const hasFailures = ({ steps }: Bringup): boolean => steps.some(({ state }) => state === 'failed');
