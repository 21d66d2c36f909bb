/** Weighs two ways to compile kernels against each other: a small workload on each in turn, right results first. */

import { median } from 'simple-statistics';
import type { Kernel } from '../../../kernels/kernel.ts';
import { messageOf } from '../../messages.ts';
import { wholeSlice } from '../../problem/slice.ts';
import type { Workload } from '../../problem/workload.ts';
import { compareRows } from '../comparison.ts';
import { oracle } from '../oracle.ts';
import type { KillableHost } from '../target.ts';
import { watched } from '../watchdog.ts';

/** One head of 480 tokens: 118 MFLOP, a few milliseconds. */
const PROBE: Workload = {
  batch: 1,
  queryHeads: 1,
  kvHeads: 1,
  headDim: 128,
  seqQuery: 480,
  seqKv: 480,
  mask: 'causal',
  window: null,
  dtype: 'f32',
  scale: 1 / Math.sqrt(128),
};
const DATA = { kind: 'normal', seed: 1 } as const;
/** Runs until the engine has compiled the kernel for speed: so many seconds at least and at most, ended by two runs that agree. */
const WARM_SECONDS = 0.12;
const WARM_AT_MOST = 1;
const AGREE = 0.03;
/** Longest run of the probe, which should take milliseconds. */
const RUN_LIMIT_S = 30;
/** Pairs of runs of a batch, after which the choice may be clear; and at most, where the gain is close to what is worthwhile. */
const ROUNDS = 9;
const MOST_ROUNDS = 63;
/** Standard deviations that the number of pairs on one side has to be from half of them. */
const CLEAR = 2.6;

/** How many times as fast `second` is as `first`, and on which side of `threshold` that is. They take turns, so that noise hits both. */
export async function weigh(first: Run, second: Run, threshold: number): Promise<{ gain: number; found: Side }> {
  const gains: number[] = [];
  do {
    for (let round = 0; round < ROUNDS; round += 1) gains.push((await first()) / (await second()));
  } while (side(gains, threshold) === 'unclear' && gains.length < MOST_ROUNDS);
  return { gain: median(gains), found: side(gains, threshold) };
}

/** Where gains are. */
export type Side = 'above' | 'below' | 'unclear';

/**
 * Whether gains are above or below a threshold, by a sign test: were they above it as often as below, the number above would
 * be CLEAR standard deviations from half of them in one of a hundred probes.
 */
export function side(gains: readonly number[], threshold: number): Side {
  const above = gains.filter((gain) => gain >= threshold).length;
  const distance = 2 * above - gains.length;
  if (Math.abs(distance) < CLEAR * Math.sqrt(gains.length)) return 'unclear';
  return distance > 0 ? 'above' : 'below';
}

/** One run of the probe's workload; seconds a FLOP. */
export type Run = () => Promise<number>;

/** A way to compile, tried. */
export interface Probe {
  /** False where the engine has no relaxed SIMD. */
  relaxed: boolean;
  /** Null where the variant does not work, with what was wrong. */
  run: Run | null;
  fault: string;
  close(): Promise<void>;
}

/** A host that `open` gives, warm, whose results of a kernel are right. */
export async function openProbe(open: () => Promise<KillableHost>, kernel: Kernel): Promise<Probe> {
  let host: KillableHost | undefined;
  const close = async () => void (await host?.close());
  try {
    host = watched(await open(), () => RUN_LIMIT_S);
    const { run: runOnce, read } = host;
    const environment = await host.environment();
    const program = kernel.build(PROBE, environment);
    const slice = wholeSlice(PROBE, program.blockRows);
    const { id } = await host.prepare({ program, workload: PROBE, slice, data: DATA });
    let spent = 0;
    // A sample of short passes is as many as fill its time: only its rate tells how fast they are.
    const run = async () => {
      const { seconds, flops } = await runOnce(id);
      spent += seconds;
      return seconds / flops;
    };
    for (let before = await run(), now = 0; spent < WARM_AT_MOST; before = now) {
      now = await run();
      if (spent >= WARM_SECONDS && Math.abs(now - before) / now < AGREE) break;
    }
    const rows = [0, 47, 48, 301, 479].map((row) => ({ batch: 0, queryHead: 0, row }));
    const check = compareRows(PROBE, oracle(PROBE, DATA, rows), await read(id, rows));
    const right = check.maxRelativeError <= check.tolerance;
    return { relaxed: environment.features.relaxedSimd, run: right ? run : null, fault: 'its result was wrong', close };
  } catch (error) {
    return { relaxed: true, run: null, fault: messageOf(error), close };
  }
}
