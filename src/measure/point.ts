/** One workload, all its contenders, in rounds that alternate their order (ABBA), until all have settled or time is up. */

import type { Data } from '../data.ts';
import type { Measurement, Ratio } from '../measurement.ts';
import { summarize } from '../statistics.ts';
import type { Workload } from '../workload.ts';
import { createRunner, type Runner } from './runner.ts';
import type { Contender, Source } from './source.ts';

export interface PointOptions {
  data: Data;
  seed: number;
  full: boolean;
  /** Seconds for the whole point. */
  budgetSeconds: number;
  /** Exactly this many samples instead of the stopping rule. */
  samples: number | null;
  /** Kernel that the others are divided by, or null. */
  baseline: string | null;
  signal: { readonly aborted: boolean };
  onProgress: (message: string) => void;
}

export interface PointResult {
  measurements: Measurement[];
  ratios: Ratio[];
}

/** Samples that a contender's share of the budget should give, warm-up included. */
const SAMPLES_AIMED_AT = 12;
const SHORTEST_SAMPLE = 0.02;
const LONGEST_SAMPLE = 2;
const MOST_SAMPLES = 100;

export async function measurePoint(
  w: Workload,
  contenders: readonly Contender[],
  source: Source,
  options: PointOptions,
): Promise<PointResult> {
  const begin = performance.now();
  const elapsed = () => (performance.now() - begin) / 1000;
  const share = options.budgetSeconds / Math.max(1, contenders.filter(({ place }) => place.environment !== null).length);
  const sampleSeconds = Math.min(LONGEST_SAMPLE, Math.max(SHORTEST_SAMPLE, share / SAMPLES_AIMED_AT));
  const { data, seed, full } = options;
  const runners = contenders.map((contender) =>
    createRunner(contender, w, source, { data, seed, full, sampleSeconds, warmSeconds: share / 4 }),
  );

  for (const runner of runners) {
    if (options.signal.aborted) break;
    options.onProgress(`warming ${runner.contender.kernel.name}`);
    await runner.start();
  }
  const rounds: (number | undefined)[][] = [];
  for (let round = 0; ; round += 1) {
    const running = runners.filter(({ ended }) => ended === null);
    if (running.length === 0 || options.signal.aborted) break;
    if (options.samples === null ? running.every((r) => r.settled()) : round >= options.samples) break;
    if (round >= MOST_SAMPLES && options.samples === null) break;
    const rates: (number | undefined)[] = [];
    let ran = 0;
    for (const runner of round % 2 === 0 ? running : [...running].reverse()) {
      const fits = elapsed() + runner.expectedSeconds <= options.budgetSeconds;
      // Every point gets one sample, whatever the budget; a number asked for is kept to.
      if (options.signal.aborted || !(fits || runner.samples.length === 0 || options.samples !== null)) continue;
      options.onProgress(`${runner.contender.kernel.name}, sample ${runner.samples.length + 1}`);
      const sample = await runner.sample();
      ran += 1;
      if (sample !== null) rates[runners.indexOf(runner)] = sample.flops / sample.seconds;
    }
    rounds.push(rates);
    if (ran === 0) break;
  }

  const measurements: Measurement[] = [];
  for (const runner of runners) {
    if (options.signal.aborted && runner.samples.length === 0 && runner.ended === null) continue;
    options.onProgress(`verifying ${runner.contender.kernel.name}`);
    measurements.push(await runner.finish());
  }
  return { measurements, ratios: options.baseline === null ? [] : pairedRatios(w, runners, rounds, measurements, options.baseline) };
}

/** Throughput of each verified kernel over the baseline's, round by round; rounds where either is missing are left out. */
function pairedRatios(
  w: Workload,
  runners: readonly Runner[],
  rounds: readonly (number | undefined)[][],
  measurements: readonly Measurement[],
  baseline: string,
): Ratio[] {
  const base = runners.findIndex(({ contender }) => contender.kernel.name === baseline);
  if (measurements[base]?.state !== 'measured') return [];
  return runners.flatMap((runner, index): Ratio[] => {
    const m = measurements[index];
    if (index === base || m?.state !== 'measured') return [];
    const ratios = rounds.flatMap((rates) => {
      const [own, other] = [rates[index], rates[base]];
      return own === undefined || other === undefined ? [] : [own / other];
    });
    if (ratios.length === 0) return [];
    const { median, low, high } = summarize(ratios);
    const bounds = low === null || high === null ? {} : { low, high };
    return [{ kernel: m.kernel, baseline, workload: w, threads: m.threads, device: m.device, ratio: median, ...bounds }];
  });
}
