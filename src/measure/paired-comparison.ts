/** One configuration of a kernel beside the shipped one, in paired rounds. */

import type { Configuration } from '../../kernels/kernel.ts';
import type { Contender, HostPool } from '../host/pool.ts';
import { noSharedRound, notMeasured } from '../messages.ts';
import { groupSize, type Workload } from '../problem/workload.ts';
import { whyNotMeasured } from '../record/unmeasured.ts';
import { caseEnd, measureCase } from './case.ts';
import { configured } from './configured.ts';
import { pairedRatio } from './ratios.ts';
import type { Outcome, PairedComparison } from './search.ts';
import type { StopSignal } from './stop.ts';

/** Seconds of a paired comparison's samples, both sides, that sizes their slices. */
const COMPARISON_SECONDS = 2;
const SEED = 1;

/**
 * Comparisons on `workload` with the contender as it is. A candidate is verified on a small ragged workload first; then both
 * run in turn, and the last output of each is verified as well.
 */
export function pairedComparisonOf(
  workload: Workload,
  contender: Contender,
  pool: HostPool,
  signal: StopSignal,
): PairedComparison {
  // As many query heads a group, so that most devices compile a configuration once for both.
  const group = groupSize(workload);
  const small: Workload = { ...workload, batch: 1, queryHeads: group, kvHeads: 1, seqQuery: 130, seqKv: 130 };
  const measure = (w: Workload, contenders: Contender[], full: boolean, budgetSeconds: number, samples: number) =>
    caseEnd(
      measureCase(w, contenders, pool, {
        ...{ data: { kind: 'normal', seed: SEED }, seed: SEED, baseline: null, signal },
        ...{ full, budgetSeconds, samples, devices: new Map(), firstRound: 0 },
      }),
    );
  return async (configuration: Configuration, rounds): Promise<Outcome> => {
    const candidate = { ...contender, kernel: configured(contender.kernel, () => configuration) };
    const check = await measure(small, [candidate], true, 0.1, 1);
    const { outcomes } = check.measurements.every(({ state }) => state === 'measured')
      ? await measure(workload, [contender, candidate], false, COMPARISON_SECONDS, rounds)
      : check;
    for (const { measurement } of outcomes) {
      if (measurement === null) return { message: notMeasured };
      if (measurement.state !== 'measured') return { message: whyNotMeasured(measurement) };
    }
    const [shipped, own] = outcomes;
    const found = shipped === undefined || own === undefined ? null : pairedRatio(own.samples, shipped.samples);
    if (found === null) return { message: noSharedRound('both configurations') };
    return { ratio: found.median, low: found.low, high: found.high, rounds: found.rounds };
  };
}
