/** The step that checks every program before any is timed: kernels by head dimension, type and mask, then configurations. */

import type { Configuration, Kernel } from '../../../kernels/kernel.ts';
import { describeConfiguration } from '../../../kernels/tunable.ts';
import { interruptedRun, bringupTexts as texts } from '../../messages.ts';
import type { Dtype, Workload } from '../../problem/workload.ts';
import { configured } from '../configured.ts';
import { Interrupted } from '../stop.ts';
import type { Check } from './outcome.ts';
import { checkWorkload, type Plan } from './plan.ts';
import type { Running, Step } from './running.ts';
import { matrixVariants, tileVariants, type Variant } from './variants.ts';

/** Kernels whose configurations are compared, by step. */
export const TUNED = { tiles: 'wgsl-flash', matrix: 'wgsl-matrix' } as const;

/** The workload that the configurations of a kernel are compared on, in the type that suits it; undefined where it runs none. */
export function comparedWorkload(
  kernel: Kernel,
  { plan, target }: Pick<Running, 'plan' | 'target'>,
): Workload | undefined {
  // Most matrices multiply halves.
  const dtypes: readonly Dtype[] = kernel.name === TUNED.matrix ? ['f16', 'f32'] : ['f32'];
  return dtypes
    .map((dtype) => ({ ...plan.compared, dtype }))
    .find((workload) => kernel.unsupported(workload, target.environment) === undefined);
}

/** The configurations of a kernel that are compared with its shipped one on a workload. */
export function variantsOf(
  kernel: Kernel,
  workload: Workload,
  { plan, target }: Pick<Running, 'plan' | 'target'>,
): Variant[] {
  const find = kernel.name === TUNED.matrix ? matrixVariants : tileVariants;
  return find(kernel, workload, target.environment, plan.mostVariants);
}

/** A program to check. */
interface Program {
  kernel: Kernel;
  configuration: Configuration | null;
  headDim: number;
  dtype: Dtype;
}

/** Everything to check, what the comparisons need first. */
function programsOf(running: Pick<Running, 'plan' | 'target' | 'kernels'>): Program[] {
  const { plan, kernels } = running;
  const shippedAt = (headDim: number): Program[] =>
    plan.dtypes.flatMap((dtype) => kernels.map((kernel) => ({ kernel, configuration: null, headDim, dtype })));
  const configurations = kernels
    .filter(({ name }) => Object.entries(TUNED).some(([step, tuned]) => tuned === name && isPlanned(plan, step)))
    .flatMap((kernel): Program[] => {
      const workload = comparedWorkload(kernel, running);
      if (workload === undefined) return [];
      const { headDim, dtype } = workload;
      return variantsOf(kernel, workload, running).map(({ configuration }) => ({
        kernel,
        configuration,
        headDim,
        dtype,
      }));
    });
  const [first = 0, ...others] = plan.headDims;
  return [...shippedAt(first), ...configurations, ...others.flatMap(shippedAt)];
}

const isPlanned = ({ steps }: Plan, step: string) => steps.some((name) => name === step);

/** Checks all of them; those for which there is no time are skipped, and are not timed either. */
export const verifyStep: Step = async function* (running) {
  const { plan, found, target, checker, signal } = running;
  const programs = programsOf(running);
  for (const { kernel, configuration, headDim, dtype } of programs) {
    for (const mask of plan.masks) {
      if (signal.aborted) throw new Interrupted();
      const workload = checkWorkload(plan, headDim, dtype, mask);
      const what = { kernel: kernel.name, configuration, headDim, dtype, mask };
      yield running.progress(nameOf(what));
      const asked = configuration === null ? kernel : configured(kernel, () => configuration);
      const result =
        running.secondsLeft() > 0
          ? await checker.check({ kernel: asked, target }, workload)
          : { state: 'skipped' as const, reason: texts.noTimeToCheck, maxRelativeError: null, tolerance: null };
      found.checks.push({ ...what, ...result });
      yield { kind: 'kept', found };
    }
  }
  const { checks } = found;
  const bad = checks.filter(isBad);
  const [first] = bad;
  if (first !== undefined) {
    return {
      state: 'failed',
      reason: texts.checksFailed(bad.length, checks.length, `${nameOf(first)}: ${first.reason}`),
    };
  }
  const right = checks.filter(({ state }) => state === 'right').length;
  const late = checks.filter(({ reason }) => reason === texts.noTimeToCheck).length;
  const elsewhere = checks.length - right - late;
  const others = [
    ...(elsewhere === 0 ? [] : [texts.checksElsewhere(elsewhere)]),
    ...(late === 0 ? [] : [texts.checksLate(late)]),
  ];
  return { state: 'done', note: texts.checks(right, others) };
};

/** True where a program gave a wrong result or none. */
export const isBad = ({ state }: Pick<Check, 'state'>): boolean => state === 'wrong' || state === 'failed';

/** "wgsl-flash, d 128 f16 causal"; a configuration that is not the shipped one is named. */
export function nameOf({ kernel, configuration, headDim, dtype, mask }: Omit<Check, keyof Result>): string {
  const which = configuration === null ? '' : ` (${describeConfiguration(configuration)})`;
  return `${kernel}${which}, d ${headDim} ${dtype} ${mask}`;
}

type Result = Pick<Check, 'state' | 'reason' | 'maxRelativeError' | 'tolerance'>;

/** Why a program must not be timed, from its checks under both masks; null where it is right. */
export function untimedReason(
  checks: readonly Check[],
  kernel: string,
  configuration: Configuration | null,
  { headDim, dtype }: Workload,
): string | null {
  const key = JSON.stringify(configuration);
  const own = checks.filter(
    (check) =>
      check.kernel === kernel &&
      check.headDim === headDim &&
      check.dtype === dtype &&
      JSON.stringify(check.configuration) === key,
  );
  if (own.length === 0) return texts.notTimed(texts.notChecked);
  const not = own.find(isBad) ?? own.find(({ state }) => state === 'skipped');
  return not === undefined ? null : texts.notTimed(not.reason ?? interruptedRun);
}
