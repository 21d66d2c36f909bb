/** Numbers that no right measurement gives: times that are none, rates above the device's limit, more work in less time. */

import { formatRate } from '../format.ts';
import type { Sample } from '../host/contract.ts';
import { aboveLimit, lessTime, noTime } from '../messages.ts';
import { flops } from '../problem/flops.ts';
import { describe, type Workload } from '../problem/workload.ts';
import type { Measured, Measurement } from '../record/measurement.ts';
import { decideRates } from './statistics.ts';

/** The sample; throws where its time is no time: the clock stood or was set back. */
export function withTime(sample: Sample): Sample {
  if (sample.seconds > 0 && Number.isFinite(sample.seconds)) return sample;
  throw new Error(noTime(sample.seconds));
}

/**
 * Times a limit of arithmetic above which a kernel has not done its work, or the clock has not seen it: no noise in paired
 * rounds doubles a rate.
 */
const IMPOSSIBLE = 2;

/**
 * The message with which a measurement fails whose rate is far above the limit beside it, its share of it being `least` or
 * more, and above the same limit by itself, `flopsAlone` FLOP/s on large work; null where it is not, or where that was not
 * measured: on little work a limit too may do no more than start.
 */
export function beyondLimit(
  { ceiling, tflops }: Measured,
  least: number,
  flopsAlone: number | undefined,
): string | null {
  if (ceiling === undefined || ceiling.roof === 'memory' || flopsAlone === undefined) return null;
  const limit = Math.max(1, flopsAlone / 1e12 / ceiling.tflops);
  return least > IMPOSSIBLE * limit ? aboveLimit(least, formatRate(tflops.median), formatRate(ceiling.tflops)) : null;
}

/** Work that is more by the first factor takes longer by the second at least, whatever the rates. */
const MORE_WORK = 1.9;
const MORE_TIME = 1.05;
/** In passes shorter than this it is starting them that takes the time. */
const LEAST_SECONDS = 1e-3;

/**
 * Pairs of a kernel's points in which much more work of the same kind took no more time, beyond the bounds of both, one line
 * for each: a rate that rises with the work is the rate of something else. Points without bounds are not compared.
 */
export function shorterForMore(measurements: readonly Measurement[]): string[] {
  const points = measurements.flatMap((m) => {
    const { low, high } = m.state === 'measured' ? decideRates(m.samples) : { low: null, high: null };
    if (m.state !== 'measured' || low === null || high === null) return [];
    return [{ ...m, shortest: flops(m.workload) / high, longest: flops(m.workload) / low }];
  });
  return points.flatMap((less) =>
    points
      .filter((more) => sameKind(less, more) && flops(more.workload) > MORE_WORK * flops(less.workload))
      .filter((more) => less.shortest > LEAST_SECONDS && more.longest < MORE_TIME * less.shortest)
      .map((more) => lessTime(less.kernel, describe(more.workload), describe(less.workload))),
  );
}

function sameKind(a: Measured, b: Measured): boolean {
  const keys: (keyof Workload)[] = ['mask', 'window', 'headDim', 'queryHeads', 'kvHeads', 'dtype'];
  return (
    a.kernel === b.kernel &&
    a.device === b.device &&
    a.threads === b.threads &&
    a.variant === b.variant &&
    keys.every((key) => a.workload[key] === b.workload[key]) &&
    // Batches and lengths grow together: long rows are worked on at another rate than many short ones.
    b.workload.batch >= a.workload.batch
  );
}
