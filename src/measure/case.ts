/** One workload, all its contenders, in rounds that alternate their order (ABBA), until all have settled or time is up. */

import type { Contender, HostPool } from '../host/pool.ts';
import type { Data } from '../problem/data.ts';
import { flops } from '../problem/flops.ts';
import type { Workload } from '../problem/workload.ts';
import type { Measurement, Ratio } from '../record/measurement.ts';
import { rateOf, tflopsOf } from '../record/rate.ts';
import { createRunner, type Runner } from './runner.ts';
import { summarize } from './statistics.ts';

export interface CaseOptions {
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
  /** What is being done, and the share of the point's budget that is spent, 0 to 1. */
  onProgress: (message: string, share: number) => void;
}

export interface CaseResult {
  measurements: Measurement[];
  ratios: Ratio[];
  /** FLOP/s of each round, by place in the list of contenders; undefined where one did not run in it. */
  rounds: (number | undefined)[][];
  /** Seconds of warming, sampling and verifying, which count against the budget. */
  spentSeconds: number;
}

/** Samples that a contender's share of the budget should give, warm-up included. */
const SAMPLES_AIMED_AT = 16;
const SHORTEST_SAMPLE = 0.02;
const LONGEST_SAMPLE = 2;
const MOST_SAMPLES = 100;

export async function measureCase(
  w: Workload,
  contenders: readonly Contender[],
  pool: HostPool,
  options: CaseOptions,
): Promise<CaseResult> {
  const begin = performance.now();
  const share =
    options.budgetSeconds / Math.max(1, contenders.filter(({ target }) => target.environment !== null).length);
  const sampleSeconds = Math.min(LONGEST_SAMPLE, Math.max(SHORTEST_SAMPLE, share / SAMPLES_AIMED_AT));
  const { data, seed, full } = options;
  // Beside a peer, which runs whole heads only, everyone runs the same ones.
  const peers = contenders.filter(({ kernel }) => kernel.backend === 'peers');
  const wholeGroups = peers.length > 0 ? groupsFor(w, sampleSeconds, peers.some(onSoftware)) : null;
  const runners = contenders.map((contender) =>
    createRunner(contender, w, pool, {
      ...{ data, seed, full, wholeGroups, sampleSeconds },
      wallClock: peers.length > 0,
      warmSeconds: share / 5,
    }),
  );

  const elapsed = () =>
    (performance.now() - begin) / 1000 - runners.reduce((sum, { preparingSeconds }) => sum + preparingSeconds, 0);

  const tell = (message: string) =>
    options.onProgress(message, Math.min(1, elapsed() / Math.max(0.001, options.budgetSeconds)));

  for (const runner of runners) {
    if (options.signal.aborted) break;
    tell(`warming ${runner.contender.kernel.name}`);
    await runner.start();
  }
  const rounds: (number | undefined)[][] = [];
  for (let round = 0; ; round += 1) {
    const running = runners.filter(({ ended }) => ended === null);
    if (running.length === 0 || options.signal.aborted) break;
    const kernels = running.filter(({ contender }) => contender.ceiling !== true);
    if (kernels.length === 0) break;
    if (options.samples === null ? kernels.every((r) => r.settled()) : round >= options.samples) break;
    if (round >= MOST_SAMPLES && options.samples === null) break;
    const rates: (number | undefined)[] = [];
    let ran = 0;
    for (const runner of round % 2 === 0 ? running : [...running].reverse()) {
      const fits = elapsed() + runner.expectedSeconds <= options.budgetSeconds;
      // Every point gets one sample, whatever the budget; a number asked for is kept to.
      if (options.signal.aborted || !(fits || runner.samples.length === 0 || options.samples !== null)) continue;
      tell(`${runner.contender.kernel.name}, sample ${runner.samples.length + 1}`);
      const sample = await runner.sample();
      ran += 1;
      if (sample !== null) rates[runners.indexOf(runner)] = rateOf(sample);
    }
    rounds.push(rates);
    if (ran === 0) break;
  }

  const finished: (Measurement | undefined)[] = [];
  for (const runner of runners) {
    if (runner.contender.ceiling === true) {
      await runner.release();
      finished.push(undefined);
      continue;
    }
    const interrupted = options.signal.aborted && runner.samples.length === 0 && runner.ended === null;
    if (!interrupted) tell(`verifying ${runner.contender.kernel.name}`);
    finished.push(interrupted ? undefined : withCeiling(await runner.finish(), runner, runners, rounds));
  }
  const measurements = finished.filter((m) => m !== undefined);
  const ratios = runners.flatMap((_, index) =>
    baselinesOf(index, runners, options.baseline).flatMap((base) => pairedRatio(rounds, finished, index, base)),
  );
  return { measurements, ratios, rounds, spentSeconds: elapsed() };
}

/** FLOP/s to size the whole heads of a sample by, where a peer decides what can be run: of a server's CPU, and of one that emulates a GPU. */
const PEER_RATE = 1.5e11;
const SOFTWARE_PEER_RATE = 1e9;
const onSoftware = ({ target }: Contender) => target.environment?.device.software === true;

/** Whole KV groups that take about `seconds`: at least one, at most all. */
function groupsFor(w: Workload, seconds: number, software: boolean): number {
  const groups = w.batch * w.kvHeads;
  return Math.max(
    1,
    Math.min(groups, Math.round(((software ? SOFTWARE_PEER_RATE : PEER_RATE) * seconds * groups) / flops(w))),
  );
}

/** Rates of one runner over another's, round by round; rounds where either is missing are left out. */
function pairUp(rounds: readonly (number | undefined)[][], own: number, other: number): number[] {
  return rounds.flatMap((rates) => {
    const [a, b] = [rates[own], rates[other]];
    return a === undefined || b === undefined ? [] : [a / b];
  });
}

/** Adds the share of its place's ceiling to a measured kernel: the median over rounds of its rate over the ceiling's. */
function withCeiling(
  m: Measurement,
  runner: Runner,
  runners: readonly Runner[],
  rounds: readonly (number | undefined)[][],
): Measurement {
  const limit = runners.findIndex(
    ({ contender, ended }) => contender.ceiling && contender.target === runner.contender.target && ended === null,
  );
  const ratios = limit < 0 ? [] : pairUp(rounds, runners.indexOf(runner), limit);
  if (m.state !== 'measured' || ratios.length === 0) return m;
  const { median, low, high } = summarize(ratios);
  const rates = (runners[limit] as Runner).samples.map(tflopsOf);
  const bounds = low === null || high === null ? {} : { shareLow: low, shareHigh: high };
  const name = (runners[limit] as Runner).contender.kernel.name;
  return { ...m, ceiling: { name, tflops: summarize(rates).median, share: median, ...bounds } };
}

/**
 * The runners that one is divided by: the baseline and the kernel that an ablation varies, on its own place where they ran
 * there; and the same kernel on the first place that ran it, so that hosts and machines are compared too.
 */
function baselinesOf(index: number, runners: readonly Runner[], baseline: string | null): number[] {
  const { kernel, target } = (runners[index] as Runner).contender;
  const find = (name: string, fits: (runner: Runner) => boolean) =>
    runners.findIndex((runner) => runner.contender.kernel.name === name && fits(runner));
  const wanted = [baseline, kernel.ablation?.of ?? null].filter((name) => name !== null);
  const named = wanted.map((name) => {
    const here = find(name, ({ contender }) => contender.target === target);
    return here >= 0 ? here : find(name, () => true);
  });
  const elsewhere = find(kernel.name, () => true);
  return [...new Set([...named, elsewhere])].filter((base) => base >= 0 && base !== index);
}

/** Throughput of a verified kernel over another runner's, round by round; none where either was not measured. */
function pairedRatio(
  rounds: readonly (number | undefined)[][],
  measurements: readonly (Measurement | undefined)[],
  index: number,
  base: number,
): Ratio[] {
  const [m, other] = [measurements[index], measurements[base]];
  if (m?.state !== 'measured' || other?.state !== 'measured') return [];
  const ratios = pairUp(rounds, index, base);
  if (ratios.length === 0) return [];
  const { median, low, high } = summarize(ratios);
  const bounds = low === null || high === null ? {} : { low, high };
  const { kernel, workload, threads, device } = m;
  // A peer is a device of its own; only the same kernel elsewhere needs its place named.
  const where = other.kernel === kernel ? { baselineDevice: other.device } : {};
  return [{ kernel, baseline: other.kernel, workload, threads, device, ...where, ratio: median, ...bounds }];
}
