/** A configuration of a kernel beside the default one, which may be another kernel's, in paired rounds. */

import type { Kernel } from '../../kernels/kernel.ts';
import type { Contender, HostPool } from '../host/pool.ts';
import type { OpenTarget } from '../host/target.ts';
import { defaultFailed, noSharedRound, notMeasured } from '../messages.ts';
import { groupSize, type Workload } from '../problem/workload.ts';
import { whyNotMeasured } from '../record/unmeasured.ts';
import { type CaseEnded, caseEnd, measureCase } from './case.ts';
import { configured } from './configured.ts';
import { decidedRatio } from './ratios.ts';
import type { Outcome, PairedComparison } from './search.ts';
import { processesOf } from './statistics.ts';
import type { StopSignal } from './stop.ts';

/** Seconds of a paired comparison's samples, both sides, that sizes their slices. */
const COMPARISON_SECONDS = 2;
const SEED = 1;
/** Fresh processes of a comparison that decides, where a program is ready in less than so long: some drivers compile for minutes. */
const FINAL_PROCESSES = 5;
const SOON_MS = 3000;

/** How a pair is measured. */
type Measuring = { full: boolean; budgetSeconds: number; samples: number; processes: number };

/** Comparisons of configurations on one workload and one device. */
export interface Comparisons {
  /** Why a kernel gives no right result as it is shipped, on a small ragged workload; undefined where it does. */
  problem(kernel: Kernel): Promise<string | undefined>;
  /** Candidates beside `base` as it is shipped; `kernels` are those of the candidates. */
  against(base: Kernel, kernels: readonly Kernel[]): PairedComparison;
}

/**
 * Comparisons on `workload`. A candidate is verified on a small ragged workload first; then both run in turn, and the last output of each
 * is verified as well.
 */
export function comparisonsOn(workload: Workload, target: OpenTarget, pool: HostPool, signal: StopSignal): Comparisons {
  // As many query heads a group, so that most devices compile a configuration once for both.
  const group = groupSize(workload);
  const small: Workload = { ...workload, batch: 1, queryHeads: group, kvHeads: 1, seqQuery: 130, seqKv: 130 };
  const measure = (w: Workload, contenders: Contender[], { full, budgetSeconds, samples, processes }: Measuring) =>
    caseEnd(
      measureCase(w, contenders, pool, {
        ...{ data: { kind: 'drawn', seed: SEED }, seed: SEED, baseline: null, signal },
        ...{ full, budgetSeconds, samples, processes, devices: new Map(), firstRound: 0 },
      }),
    );
  const check = (kernel: Kernel) =>
    measure(small, [{ kernel, target }], { full: true, budgetSeconds: 0.1, samples: 1, processes: 1 });
  return {
    problem: async (kernel) => problemsOf(await check(kernel))[0],
    against: (base, kernels) => async (candidate, rounds, final) => {
      const own = kernels.find(({ name }) => name === candidate.kernel);
      if (own === undefined) throw new RangeError(`no kernel '${candidate.kernel}' is compared`);
      const kernel = configured(own, () => candidate.tile);
      const begin = performance.now();
      const [problem] = problemsOf(await check(kernel));
      const soon = performance.now() - begin < SOON_MS;
      if (problem !== undefined) return { message: problem };
      const pair = await measure(
        workload,
        [base, kernel].map((one) => ({ kernel: one, target })),
        {
          ...{ full: false, budgetSeconds: COMPARISON_SECONDS, samples: rounds },
          processes: final && soon ? FINAL_PROCESSES : 1,
        },
      );
      return outcomeOf(pair);
    },
  };
}

/** Why each contender of a case was not measured, undefined for those that were. */
const problemsOf = ({ outcomes }: CaseEnded) =>
  outcomes.map(({ measurement }) => {
    if (measurement === null) return notMeasured;
    return measurement.state === 'measured' ? undefined : whyNotMeasured(measurement);
  });

/** The ratio of the second contender of a case over the first, or which of them failed and why. */
function outcomeOf(pair: CaseEnded): Outcome {
  const [baseProblem, problem] = problemsOf(pair);
  if (problem !== undefined) return { message: problem };
  if (baseProblem !== undefined) return { message: defaultFailed(baseProblem) };
  const [base, own] = pair.outcomes;
  const found = base === undefined || own === undefined ? null : decidedRatio(own.samples, base.samples);
  if (found === null) return { message: noSharedRound('both configurations') };
  const processes = processesOf(own?.samples ?? []);
  return {
    ...{ ratio: found.median, low: found.low, high: found.high, rounds: found.rounds },
    ...(processes > 1 ? { processes } : {}),
  };
}
