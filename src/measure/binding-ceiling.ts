/** Which ceiling of a case binds a kernel, and the share of it that the kernel reached in the rounds that both ran. */

import { mayBeWarm } from '../problem/cold-keys.ts';
import type { Measured, Measurement } from '../record/measurement.ts';
import { tflopsOf } from '../record/rate.ts';
import { beyondLimit } from './impossible.ts';
import { decidedRatio, pairedRatio } from './ratios.ts';
import type { RoundSample, Runner } from './runner.ts';
import { summarize } from './series.ts';
import { boundsOf } from './statistics.ts';

/** A pass of a ceiling by the wall clock takes at least this long; below it the start of the threads is a large part of it. */
const SHORTEST_CEILING_S = 2e-4;

/** A ceiling this many times slower than by itself on large work shows how work tiles start: a query and a key each, say. */
const STARTING = 4;

/** Whether passes of a ceiling show a limit of the device: of decoding under a window, some 0.01 ms long, they show how threads start. */
export function showsLimit(samples: readonly RoundSample[]): boolean {
  // The fastest pass: what else the machine does only makes them longer.
  const fastest = Math.min(...samples.map(({ seconds, passes = 1 }) => seconds / passes));
  return samples[0]?.clock !== 'wall' || fastest >= SHORTEST_CEILING_S;
}

/**
 * Adds the share of its ceiling to a measured kernel: the median over rounds of its rate over the ceiling's. Of a limit of
 * arithmetic and one of memory it is the lower, the one that binds; of arithmetic's where K and V may stay in a cache.
 */
export function withCeiling(m: Measurement, { contender }: Runner, runners: readonly Runner[]): Measurement {
  if (m.state !== 'measured') return m;
  const limits = runners.filter(
    ({ contender: { ceiling, target, limited }, ended }) =>
      ceiling && target === contender.target && ended === null && (limited?.has(contender) ?? true),
  );
  const ofMemory = ({ contender: { bytesPerFlop } }: Runner) => bytesPerFlop !== undefined;
  // What stays in a cache is no limit of memory's.
  const warm = mayBeWarm(m.workload, m.coverage, m.copies ?? 1);
  const kinds = [limits.find((limit) => !ofMemory(limit)), warm ? undefined : limits.find(ofMemory)];
  const found = kinds.flatMap((limit) => {
    const share = limit === undefined ? null : pairedRatio(m.samples, limit.samples);
    if (limit === undefined || share === null || !showsLimit(limit.samples)) return [];
    const tflops = summarize(limit.samples.map(tflopsOf)).median;
    const { flopsAlone } = limit.contender;
    if (flopsAlone !== undefined && tflops * 1e12 * STARTING < flopsAlone) return [];
    const least = decidedRatio(m.samples, limit.samples)?.low ?? share.median;
    return [{ ...limit.contender, share, least, tflops }];
  });
  const [binding, higher] = found.sort((a, b) => a.tflops - b.tflops);
  if (binding === undefined) return m;
  const { kernel, coreHertz, bytesPerFlop, flopsAlone, share, least, tflops } = binding;
  const { low, high } = boundsOf(share);
  const bounds = low === undefined || high === undefined ? {} : { shareLow: low, shareHigh: high };
  const clock = coreHertz === undefined ? {} : { coreHertz };
  const roof =
    bytesPerFlop === undefined
      ? ({ roof: 'compute' } as const)
      : ({ roof: 'memory', gigabytesPerSecond: tflops * 1e3 * bytesPerFlop } as const);
  const other = higher === undefined ? {} : { other: { name: higher.kernel.name, tflops: higher.tflops } };
  const limited = {
    ...m,
    ceiling: { name: kernel.name, tflops, share: share.median, ...bounds, ...clock, ...roof, ...other },
  };
  const impossible = beyondLimit(limited, least, flopsAlone);
  return impossible === null ? limited : failedAs(limited, impossible);
}

/** The record of a kernel that was measured and cannot be believed. */
function failedAs(m: Measured, message: string): Measurement {
  const { kernel, backend, host, device, variant, threads, kernelHash, workload } = m;
  return { ...{ kernel, backend, host, device, variant, threads, kernelHash, workload }, state: 'failed', message };
}
