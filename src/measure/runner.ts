/** One contender at one workload: fitted, prepared, warmed, run, verified; every way that it can end is a state of its record. */

import type { Program } from '../../kernels/kernel.ts';
import type { Environment, Sample } from '../host/contract.ts';
import type { Contender, HostPool } from '../host/pool.ts';
import { messageOf, notFinished, wrongResult } from '../messages.ts';
import type { Data } from '../problem/data.ts';
import { flops } from '../problem/flops.ts';
import { sliceFlops } from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';
import { backendName } from '../record/backend.ts';
import type { Measurement } from '../record/measurement.ts';
import { rateOf, tflopsOf } from '../record/rate.ts';
import { fitSlice, type Part } from './fit.ts';
import { createPreparedRun, type PreparedRun } from './prepared-run.ts';
import { boundsOf, MIN_FOR_INTERVAL, relativeHalfWidth, summarize } from './statistics.ts';
import { verify } from './verify.ts';

/** A timed run and the round of the run in which it was taken. */
export interface RoundSample extends Sample {
  round: number;
}

/** How a contender is run in a case. */
export interface RunnerOptions {
  data: Data;
  seed: number;
  /** Index of its device in the record; null where none could be opened. */
  device: number | null;
  /** Run the whole workload, however long it takes. */
  full: boolean;
  /** Run this many whole KV groups, so that every contender runs the same; null leaves the slice to the time. */
  wholeGroups: number | null;
  /** Everyone times by the wall clock, since a peer has no other. */
  wallClock: boolean;
  /** Seconds that one sample should take. */
  sampleSeconds: number;
  /** Seconds that warming may take. */
  warmSeconds: number;
}

/** Successive samples that differ by less than this are warm. */
const WARM = 0.03;
/** A case has settled when half its interval is this small. */
const SETTLED = 0.02;
/** Slices that are tried before one takes about as long as a sample should. */
const ATTEMPTS = 4;
/** Speeds to expect before anything has run, FLOP/s: for time-outs and the first slice only. */
export const FIRST_RATES = { scalar: 3e8, wasm: 2e9, webgpu: 2e8, native: 2e9 } as const;

/** How a contender can end without a measurement. */
type Ended = { state: 'skipped'; reason: string } | { state: 'failed'; message: string };

/** A contender at a workload with what it has done so far. */
export interface Runner {
  contender: Contender;
  samples: RoundSample[];
  /** Seconds spent on compiling, allocating and filling: no part of the measuring. */
  readonly preparingSeconds: number;
  /** Seconds that the next run will take, from the last one. */
  readonly expectedSeconds: number;
  /** Set when it has ended without a measurement. */
  ended: Ended | null;
  /** Prepares and warms; on return it is ready or ended. */
  start(): Promise<void>;
  /** One timed run in a round; null where it ended. */
  sample(round: number): Promise<RoundSample | null>;
  /** True where its interval is small enough. */
  settled(): boolean;
  /** Verifies the last run and returns the record; releases the host's memory. */
  finish(): Promise<Measurement>;
  /** Releases the host's memory without a record. */
  release(): Promise<void>;
}

/** A runner of a contender. On a target that could not be opened it has ended before it starts. */
export function createRunner(contender: Contender, w: Workload, pool: HostPool, options: RunnerOptions): Runner {
  const { kernel, target } = contender;
  const samples: RoundSample[] = [];
  const device = target.state === 'open' ? target.environment.device : null;
  let kernelHash: string | null = null;
  const record = () => ({
    kernel: kernel.name,
    backend: backendName(kernel),
    host: target.host,
    device: options.device,
    variant: device?.variant ?? null,
    threads: device?.threads ?? null,
    kernelHash,
    workload: w,
  });
  if (target.state === 'unavailable') return skippedRunner(contender, record(), target.reason);

  const { environment } = target;
  // A ceiling reads no values.
  const data = contender.ceiling === true ? ({ kind: 'none' } as const) : options.data;
  const firstRate = FIRST_RATES[kernel.backend];
  const prepared = createPreparedRun(w, target, pool, { data, wallClock: options.wallClock, firstRate });
  const settled = () => samples.length >= MIN_FOR_INTERVAL && relativeHalfWidth(samples.map(rateOf)) <= SETTLED;
  const fail = async (error: unknown): Promise<Ended> => {
    await prepared.forget();
    return { state: 'failed', message: messageOf(error) };
  };

  const runner: Runner = {
    contender,
    samples,
    get preparingSeconds() {
      return prepared.preparingSeconds;
    },
    get expectedSeconds() {
      return prepared.expectedSeconds;
    },
    ended: null,
    async start() {
      const unsupported = kernel.unsupported(w, environment);
      if (unsupported !== undefined) {
        runner.ended = { state: 'skipped', reason: unsupported };
        return;
      }
      try {
        const program = kernel.build(w, environment);
        kernelHash = await hash(program);
        const reason = await fitToTime(prepared, program, w, environment, contender, options);
        if (reason === null) await warm(prepared, options.warmSeconds);
        else runner.ended = { state: 'skipped', reason };
      } catch (error) {
        runner.ended = await fail(error);
      }
    },
    async sample(round) {
      if (runner.ended !== null) return null;
      try {
        const sample = { ...(await prepared.run()), round };
        samples.push(sample);
        return sample;
      } catch (error) {
        runner.ended = await fail(error);
        return null;
      }
    },
    settled,
    async release() {
      if (runner.ended !== null) return;
      try {
        await prepared.dispose();
      } catch (error) {
        runner.ended = await fail(error);
      }
    },
    async finish() {
      if (runner.ended !== null) return { ...record(), ...runner.ended };
      const ready = prepared.prepared;
      if (ready === undefined || samples.length === 0) return { ...record(), state: 'failed', message: notFinished };
      try {
        const { slice, compileSeconds, prepareSeconds } = ready;
        const verification = await verify(w, slice, options.data, options.seed, prepared.read);
        await prepared.dispose();
        const { maxRelativeError, tolerance } = verification;
        if (!(maxRelativeError <= tolerance)) {
          return { ...record(), state: 'failed', message: wrongResult(maxRelativeError, tolerance) };
        }
        const tflops = summarize(samples.map(tflopsOf));
        return {
          ...record(),
          state: 'measured',
          samples,
          converged: settled(),
          coverage: Math.min(1, sliceFlops(w, slice) / flops(w)),
          compileSeconds,
          prepareSeconds,
          tflops: { median: tflops.median, ...boundsOf(tflops) },
          passSeconds: flops(w) / (tflops.median * 1e12),
          verification,
        };
      } catch (error) {
        runner.ended = await fail(error);
        return { ...record(), ...runner.ended };
      }
    },
  };
  return runner;
}

/** A runner that ends as it begins. */
function skippedRunner(contender: Contender, record: Omit<Skipped, 'state' | 'reason'>, reason: string): Runner {
  return {
    contender,
    samples: [],
    preparingSeconds: 0,
    expectedSeconds: 0,
    ended: { state: 'skipped', reason },
    async start() {},
    sample: async () => null,
    settled: () => true,
    finish: async () => ({ ...record, state: 'skipped', reason }),
    async release() {},
  };
}

type Skipped = Extract<Measurement, { state: 'skipped' }>;

/** Prepares the slice whose run takes about as long as a sample should, by running smaller ones; a reason where none can be held. */
async function fitToTime(
  prepared: PreparedRun,
  program: Program,
  w: Workload,
  environment: Environment,
  contender: Contender,
  { full, wholeGroups, sampleSeconds }: RunnerOptions,
): Promise<string | null> {
  const groups = contender.ceiling === true ? null : wholeGroups;
  const partOf = (wanted: number): Part => (groups === null ? { flops: wanted } : { groups });
  const whole = full ? fitSlice(program, w, environment, 'whole') : null;
  if (whole !== null && 'reason' in whole) return whole.reason;
  let slice = fitSlice(program, w, environment, partOf(prepared.rate * sampleSeconds * 0.1));
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if ('reason' in slice) return slice.reason;
    await prepared.prepare(program, slice);
    await prepared.run();
    // The first run of new code is slow: what counts is the second, where there is time for one.
    if (prepared.expectedSeconds < sampleSeconds) await prepared.run();
    const ran = sliceFlops(w, slice);
    if (whole !== null && ran < flops(w)) {
      // Code and rate are known from the slice: the whole, which may take minutes, is not run before its first sample.
      await prepared.prepare(program, whole);
      return null;
    }
    const affordable = prepared.rate * sampleSeconds;
    // A workload that takes little longer than a sample runs whole.
    const wanted = flops(w) < affordable * 1.5 ? flops(w) : affordable;
    if (wholeGroups !== null || ran >= wanted * 0.5 || ran === flops(w)) return null;
    slice = fitSlice(program, w, environment, partOf(wanted));
  }
  return null;
}

/** Runs until two successive runs agree, or its time is up. */
async function warm(prepared: PreparedRun, seconds: number): Promise<void> {
  let before = prepared.expectedSeconds;
  let spent = 0;
  while (spent + prepared.expectedSeconds < seconds) {
    const sample = await prepared.run();
    spent += sample.seconds;
    if (Math.abs(sample.seconds - before) / sample.seconds < WARM) return;
    before = sample.seconds;
  }
}

/** SHA-256 of a program's text form, first 16 hexadecimal digits. */
async function hash(program: Program): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(program)));
  return Array.from(new Uint8Array(digest).subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
