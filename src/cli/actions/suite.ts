/** The work of bench suite. */

import { SUITES } from '../../../bench/index.ts';
import { findKernel } from '../../../kernels/index.ts';
import { cases, type Suite } from '../../problem/cases.ts';
import { backendName } from '../../record/backend.ts';
import { choose } from '../nearest.ts';
import { VARIANT_NAMES } from '../options/names.ts';
import type { RunValues } from '../options/run.ts';
import { runOptionsOf } from '../options/run-options.ts';
import { runCases } from './run.ts';

/**
 * Measures a suite; the exit code. `given` is what the user gave, and `merge` completes what the suite fixes with it and with
 * the defaults.
 */
export function measureSuite(
  name: string,
  given: Partial<RunValues>,
  merge: (fixed: Partial<RunValues>) => RunValues,
): Promise<number> {
  const suite = SUITES.find((item) => item.name === name);
  if (suite === undefined) throw new RangeError(`no suite is called '${name}'`);
  const all = [...cases(suite.workloads), ...cases(suite.singleThread ?? [], 1)];
  return runCases(
    suite.name,
    all,
    runOptionsOf(merge(fixedBy(suite, given)), ['f32'], suite.models),
    given.kernel !== undefined,
  );
}

/** The options that a suite fixes; of its kernels those of the backend that the user wants. */
function fixedBy(suite: Suite, { kernel, budget, backend = 'auto' }: Partial<RunValues>): Partial<RunValues> {
  const { kernels, baseline, samples, variant, budgetSeconds } = suite;
  return {
    budget: budgetSeconds,
    ...(kernels === undefined
      ? {}
      : { kernel: kernels.filter((item) => backend === 'auto' || backendName(findKernel(item)) === backend) }),
    // Other kernels have no use for the suite's baseline.
    ...(baseline === undefined || kernel !== undefined ? {} : { baseline }),
    // A number of samples takes its time whatever the budget: whoever gives one wants that kept.
    ...(samples === undefined || budget !== undefined ? {} : { samples }),
    ...(variant === undefined ? {} : { variant: choose('--variant', variant, VARIANT_NAMES) }),
  };
}
