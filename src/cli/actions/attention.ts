/** The work of bench mha and bench gqa. */

import { cases } from '../../problem/cases.ts';
import { summarizeSizes } from '../../problem/sweep.ts';
import type { RunValues } from '../options/run.ts';
import { runOptionsOf } from '../options/run-options.ts';
import { type WorkloadValues, workloadsOf } from '../options/workload.ts';
import { runCases } from './run.ts';

/** Measures every workload of the options; the exit code. */
export function measureAttention(
  name: string,
  values: WorkloadValues & RunValues & { sustain: number | null },
): Promise<number> {
  const workloads = workloadsOf(values);
  const sizes = summarizeSizes(workloads.map(({ seqQuery }) => seqQuery));
  const dtypes = workloads.map(({ dtype }) => dtype);
  return runCases(
    `${name}-${sizes}`,
    cases(workloads),
    {
      ...runOptionsOf(values, dtypes, values.model === null ? [] : [values.model]),
      ...(values.sustain === null ? {} : { sustainSeconds: values.sustain }),
    },
    values.kernel !== null,
  );
}
