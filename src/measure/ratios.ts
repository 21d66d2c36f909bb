/** Paired ratios: rates divided round by round, so that whatever else the machine does hits both sides of each quotient. */

import { knownKernel } from '../../kernels/index.ts';
import { sameProblem } from '../problem/workload.ts';
import type { Measured, Measurement, Ratio, RecordedSample } from '../record/measurement.ts';
import { rateOf } from '../record/rate.ts';
import type { Summary } from './series.ts';
import { boundsOf, decidePairs, isSimulated, type ProcessValue, summarizePairs } from './statistics.ts';

/** The parts of a sample that pairing needs. A sample without its round pairs with none. */
type PairedSample = Pick<RecordedSample, 'seconds' | 'flops' | 'clock' | 'round' | 'process'>;

/** A round that several contenders share. */
export interface SharedRound {
  /** Their rates in FLOP/s, in their order. */
  rates: number[];
  process: number | undefined;
}

/** The rounds that hold a sample of every one of several contenders. */
export function sharedRounds(series: readonly (readonly PairedSample[])[]): SharedRound[] {
  const byRound = series.map(
    (samples) => new Map(samples.flatMap((sample) => (sample.round === undefined ? [] : [[sample.round, sample]]))),
  );
  return [...(byRound[0] ?? [])].flatMap(([round, { process }]) => {
    const rates = byRound.flatMap((samples) => {
      const sample = samples.get(round);
      return sample === undefined ? [] : [rateOf(sample)];
    });
    return rates.length === series.length ? [{ rates, process }] : [];
  });
}

/** A paired ratio and the rounds that it is of. */
export type PairedRatio = Summary & { rounds: number };

/**
 * The throughput of one contender over another's in the rounds that both share; null where they share none. Both samples of a
 * round are of the same process. It has an interval where they are of 3 processes or more.
 */
export function pairedRatio(own: readonly PairedSample[], base: readonly PairedSample[]): PairedRatio | null {
  return overRounds(own, base, (ratios) => summarizePairs(ratios, isSimulated(own)));
}

/** The same with bounds for a decision within a run: in fewer than 3 processes they leave out what varies between them. */
export function decidedRatio(own: readonly PairedSample[], base: readonly PairedSample[]): PairedRatio | null {
  return overRounds(own, base, decidePairs);
}

function overRounds(
  own: readonly PairedSample[],
  base: readonly PairedSample[],
  summarized: (ratios: readonly ProcessValue[]) => Summary,
): PairedRatio | null {
  const baseRates = new Map(base.flatMap((sample) => (sample.round === undefined ? [] : [[sample.round, sample]])));
  const ratios = own.flatMap(({ round, process, ...sample }) => {
    const other = round === undefined ? undefined : baseRates.get(round);
    return other === undefined ? [] : [{ value: rateOf(sample) / rateOf(other), process }];
  });
  return ratios.length === 0 ? null : { ...summarized(ratios), rounds: ratios.length };
}

/**
 * The paired ratios that a list of measurements holds. Each kernel is divided by the `baseline` and by the kernel that its
 * ablation varies, on its own device where they are there; and by itself on the first device that ran it, so that hosts and
 * machines are compared too.
 */
export function ratiosOf(
  measurements: readonly Measurement[],
  baseline: string | null,
  paired: typeof pairedRatio = pairedRatio,
): Ratio[] {
  return measurements.flatMap((m) =>
    m.state !== 'measured' ? [] : basesOf(m, measurements, baseline).flatMap((base) => ratioOver(m, base, paired)),
  );
}

function basesOf(m: Measured, all: readonly Measurement[], baseline: string | null): Measured[] {
  const sameCase = all.filter((other) => sameProblem(other.workload, m.workload));
  const shares = (other: Measurement): other is Measured =>
    other.state === 'measured' && (other === m || sharedRounds([m.samples, other.samples]).length > 0);
  const named = [baseline, knownKernel(m.kernel)?.ablation?.of ?? null].map((name) => {
    const namesakes = sameCase.filter(
      (other) => other.kernel === name && (other.state !== 'measured' || shares(other)),
    );
    // Where a baseline failed on this device, its namesake elsewhere does not stand in for it.
    return namesakes.find(({ device }) => device === m.device) ?? namesakes.find(shares);
  });
  const first = sameCase.find((other) => other.kernel === m.kernel && shares(other));
  const bases = new Set([...named, first].filter((base) => base !== undefined));
  bases.delete(m);
  return [...bases].filter(shares);
}

function ratioOver(m: Measured, base: Measured, paired: typeof pairedRatio): Ratio[] {
  const found = paired(m.samples, base.samples);
  if (found === null) return [];
  const { kernel, workload, threads, device } = m;
  // Only the same kernel elsewhere needs its device named: other people's kernels always have devices of their own.
  const where = base.kernel === kernel ? { baselineDevice: base.device } : {};
  return [
    { kernel, baseline: base.kernel, workload, threads, device, ...where, ratio: found.median, ...boundsOf(found) },
  ];
}
