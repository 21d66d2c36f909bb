/** The plan of bench bringup: its steps in order, how they share the budget, and sizes that suit the device. */

import type { Dtype, Mask, Workload } from '../../problem/workload.ts';

/**
 * The steps in their order, and the share of the budget that each has beside those after it. What a step leaves is theirs, so
 * verification, which is over soon unless compiling takes long, may have most of it.
 */
export const STEPS = [
  { name: 'devices', weight: 0.2, title: 'the device, its features, limits and clocks' },
  { name: 'verify', weight: 20, title: 'every kernel and configuration against the float64 oracle' },
  { name: 'ceilings', weight: 1.5, title: 'the limits of the device' },
  { name: 'tiles', weight: 4, title: 'configurations of wgsl-flash' },
  { name: 'submissions', weight: 4, title: 'lengths of a submission' },
  { name: 'robustness', weight: 1.5, title: 'reads and writes out of bounds unguarded' },
  { name: 'matrix', weight: 4, title: 'configurations of wgsl-matrix' },
  { name: 'peers', weight: 1.5, title: "ONNX Runtime's attention on the same adapter" },
] as const;

/** The name of a step. */
export type StepName = (typeof STEPS)[number]['name'];

/** Steps that time something, which a user may choose among: nothing is timed before the others are done. */
export const TIMED_STEPS: readonly StepName[] = STEPS.map(({ name }) => name).filter(
  (name) => name !== 'devices' && name !== 'verify',
);

/** What the user asked for; null is left to the plan. */
export interface PlanRequest {
  steps: readonly StepName[] | null;
  /** True: small sizes and few variants, whatever the device. */
  quick: boolean;
  budgetSeconds: number | null;
  headDims: readonly number[] | null;
}

/** What will be done on a device. */
export interface Plan {
  steps: readonly StepName[];
  quick: boolean;
  budgetSeconds: number;
  /** Head dimensions that are verified, that of the comparisons first. */
  headDims: readonly number[];
  dtypes: readonly Exclude<Dtype, 'bf16'>[];
  masks: readonly Mask[];
  /** Queries and keys of a check: no multiple of any block, in several blocks of the usual ones. */
  checkTokens: number;
  /** What configurations are compared on. */
  compared: Workload;
  /** What submissions are compared on: the longest length. */
  longest: Workload;
  /** Configurations of a kernel that are compared beside the shipped one. */
  mostVariants: number;
  /** Rounds of a comparison: two or three in each of 5 processes. */
  rounds: number;
  /** Seconds of a submission. */
  submissions: readonly number[];
}

/** Seconds for everything, and for the quick plan. */
export const BUDGET_SECONDS = 600;
export const QUICK_BUDGET_SECONDS = 180;

const MASKS = ['full', 'causal'] as const;
const DTYPES = ['f32', 'f16'] as const;

/** The plan for a device. A software adapter, or a budget that the whole plan has no use of, makes it quick. */
export function planFor(request: PlanRequest, software: boolean): Plan {
  const { steps, headDims, budgetSeconds } = request;
  const short = budgetSeconds !== null && budgetSeconds <= QUICK_BUDGET_SECONDS;
  const quick = request.quick || software || short;
  const wanted = headDims ?? (software ? [64, 32] : quick ? [128, 64] : [128, 64, 256]);
  // The published figures are of head dimension 128.
  const headDim = wanted.includes(128) ? 128 : Math.max(...wanted);
  // Emulated, a pass over these takes a second or so.
  const [tokens, heads, longest] = software ? [256, 2, 1024] : [4096, 16, quick ? 16384 : 32768];
  return {
    steps: ['devices', 'verify', ...TIMED_STEPS.filter((name) => steps === null || steps.includes(name))],
    quick,
    budgetSeconds: budgetSeconds ?? (quick ? QUICK_BUDGET_SECONDS : BUDGET_SECONDS),
    headDims: [headDim, ...wanted.filter((item) => item !== headDim)],
    dtypes: DTYPES,
    masks: MASKS,
    checkTokens: software ? 130 : 250,
    compared: square(tokens, heads, headDim),
    longest: square(longest, heads, headDim),
    mostVariants: quick ? 3 : 12,
    rounds: quick ? 10 : 15,
    submissions: quick ? [0.05, 0.1, 0.25] : [0.05, 0.1, 0.25, 1],
  };
}

/** As many keys as queries, every head with its own: f32, full mask. */
export function square(tokens: number, heads: number, headDim: number): Workload {
  return {
    ...{ batch: 1, queryHeads: heads, kvHeads: heads, headDim, seqQuery: tokens, seqKv: tokens },
    ...{ mask: 'full', window: null, dtype: 'f32', scale: 1 / Math.sqrt(headDim) },
  };
}

/** What a check of a program runs: two heads of a length that fills no block of it. */
export function checkWorkload({ checkTokens }: Plan, headDim: number, dtype: Dtype, mask: Mask): Workload {
  return { ...square(checkTokens, 2, headDim), dtype, mask };
}

/** Seconds of a step, of `secondsLeft` for it and those after it. */
export function stepSeconds({ steps }: Plan, name: StepName, secondsLeft: number): number {
  const weightOf = (step: StepName) => STEPS.find((item) => item.name === step)?.weight ?? 0;
  const rest = steps.slice(steps.indexOf(name)).reduce((sum, step) => sum + weightOf(step), 0);
  return Math.max(0, secondsLeft) * (weightOf(name) / rest);
}
