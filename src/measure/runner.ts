/** One contender at one workload: looked at, fitted, run, verified; every way that it can end is a state of its record. */

import type { Program } from '../../kernels/kernel.ts';
import type { Sample } from '../host/contract.ts';
import type { Contender, HostPool } from '../host/pool.ts';
import { messageOf, notFinished, saysUnwritten } from '../messages.ts';
import type { DrawnData } from '../problem/data.ts';
import { flops } from '../problem/flops.ts';
import { sliceFlops } from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';
import { backendName } from '../record/backend.ts';
import type { Measurement, Sustained } from '../record/measurement.ts';
import { createFitting, type Fitting, type Outlook } from './fitting.ts';
import { createPreparedRun, type Prepared } from './prepared-run.ts';
import { skippedRunner } from './skipped-runner.ts';
import { decideStop, relativeHalfWidth, SETTLED, summarizeRates } from './statistics.ts';
import { Interrupted, type StopWatch } from './stop.ts';
import { type KeptOutput, keepOutput, type Verified, verificationSeconds, verify } from './verify.ts';
import { warmUp } from './warm-up.ts';

/** A timed run and the round of the run in which it was taken. */
export interface RoundSample extends Sample {
  round: number;
  /** The fresh process of the case that it ran in; absent where there is one. */
  process?: number;
}

/** How a contender is run in a case. */
export interface RunnerOptions {
  data: DrawnData;
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
  /** Seconds of measuring that it has, warming included. */
  shareSeconds: number;
  /** The interrupt of the run. */
  watch: StopWatch;
}

/** Seconds of warming in a further process, whose slice is known. */
const WARM_AGAIN_SECONDS = 0.2;
/** Speeds to expect before anything has run, FLOP/s: for time-outs and the first slice only. */
export const FIRST_RATES = { scalar: 3e8, wasm: 2e9, webgpu: 2e8, native: 2e9 } as const;

/** How a contender can end without a measurement. */
type Ended = { state: 'skipped'; reason: string } | { state: 'failed'; message: string } | { state: 'interrupted' };

/** A contender at a workload with what it has done so far. */
export interface Runner {
  contender: Contender;
  samples: RoundSample[];
  /** Seconds spent on compiling, allocating and filling: no part of the measuring. */
  readonly preparingSeconds: number;
  /** Seconds that a further process takes to prepare and warm, as predicted. */
  readonly beginningSeconds: number;
  /** Seconds that the next run will take, from the last one. */
  readonly expectedSeconds: number;
  /** What lies before it as it is predicted; null before `look`, and where it has ended. */
  readonly outlook: Outlook | null;
  /** Seconds that its verification will take, as predicted. */
  readonly verifySeconds: number;
  /** Set when it has ended without a measurement. */
  ended: Ended | null;
  /** Builds its program and learns how long it will take; on return it has an outlook or has ended. */
  look(): Promise<void>;
  /** Prepares and warms; on return it is ready or ended. */
  start(): Promise<void>;
  /** Why its present process gives no sample, where one has failed that is not the first: the others count without it. */
  readonly lapsed: string | null;
  /** Prepares and warms again, in a new process after its host was ended. */
  warm(): Promise<void>;
  /** One timed run in a round, of a process where there are several; null where it ended or lapsed. */
  sample(round: number, process?: number): Promise<RoundSample | null>;
  /** Runs once more, for no sample. Throws where that fails; what was measured before stands. */
  again(): Promise<Sample>;
  /** What it did without a pause; goes into its record. */
  sustained: Sustained | null;
  /** Keeps the rows of the last run that are verified, in case that an interrupt ends its host. */
  keepRows(): Promise<void>;
  /** True where its bounds are narrow enough to stop. */
  settled(): boolean;
  /** Verifies the last run and returns the record, null where an interrupt came before; releases the host's memory. */
  finish(): Promise<Measurement | null>;
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
  const { watch, wallClock, seed } = options;
  const prepared = createPreparedRun(w, target, pool, {
    data,
    wallClock,
    firstRate,
    compilesLate: kernel.library !== undefined,
    signal: watch.signal,
  });
  let fitting: Fitting | undefined;
  let outlook: Outlook | null = null;
  let verifySeconds = 0;
  /** The rows of a run of each process, the present one last, and what had run. */
  let kept: { ready: Prepared; outputs: [KeptOutput, ...KeptOutput[]] } | undefined;
  /** Whether the present process has its rows there. */
  let hasKept = false;
  const settled = () => samples.length > 0 && relativeHalfWidth(decideStop(samples)) <= SETTLED;
  const fail = async (error: unknown): Promise<Ended> => {
    outlook = null;
    await prepared.forget();
    return error instanceof Interrupted ? { state: 'interrupted' } : { state: 'failed', message: messageOf(error) };
  };
  const measured = (
    { slice, compileSeconds, prepareSeconds, copies }: Prepared,
    verification: Verified,
  ): Measurement => {
    const rate = summarizeRates(samples);
    const inTflops = (value: number) => value / 1e12;
    return {
      ...record(),
      state: 'measured',
      samples,
      converged: settled(),
      coverage: Math.min(1, sliceFlops(w, slice) / flops(w)),
      compileSeconds,
      prepareSeconds,
      ...(copies === undefined ? {} : { copies }),
      tflops: {
        median: inTflops(rate.median),
        ...(rate.low === null || rate.high === null ? {} : { low: inTflops(rate.low), high: inTflops(rate.high) }),
      },
      passSeconds: flops(w) / rate.median,
      verification,
      ...(runner.sustained === null ? {} : { sustained: runner.sustained }),
    };
  };
  let lapsed: string | null = null;
  let isFurther = false;
  /** Does something that may end it; in a further process only its samples there, since the rows of one before are kept. */
  const orEnd = async (what: () => Promise<void>) => {
    if (runner.ended !== null) return;
    try {
      await what();
    } catch (error) {
      // A run that left rows out is wrong in whatever process it was.
      const isWrong = !isFurther || saysUnwritten(messageOf(error));
      if (error instanceof Interrupted || isWrong || (kept === undefined && contender.ceiling !== true)) {
        runner.ended = await fail(error);
        return;
      }
      lapsed = messageOf(error);
      await pool.check(target);
    }
  };
  const skip = (reason: string) => {
    outlook = null;
    runner.ended = { state: 'skipped', reason };
  };

  const runner: Runner = {
    contender,
    samples,
    get preparingSeconds() {
      return prepared.preparingSeconds;
    },
    get beginningSeconds() {
      return prepared.lastPreparingSeconds + Math.max(prepared.expectedSeconds, WARM_AGAIN_SECONDS / 2);
    },
    get expectedSeconds() {
      return prepared.expectedSeconds;
    },
    get outlook() {
      return outlook;
    },
    get verifySeconds() {
      return verifySeconds;
    },
    ended: null,
    look: () =>
      orEnd(async () => {
        const unsupported = kernel.unsupported(w, environment);
        if (unsupported !== undefined) return skip(unsupported);
        const program = kernel.build(w, environment);
        kernelHash = await hash(program);
        const ceiling = contender.ceiling === true;
        fitting = createFitting(prepared, {
          ...{ program, workload: w, environment, library: kernel.library !== undefined, filled: !ceiling },
          ...{ full: options.full, wholeGroups: ceiling ? null : options.wholeGroups },
          ...{ sampleSeconds: options.sampleSeconds, shareSeconds: options.shareSeconds },
        });
        const found = await fitting.look();
        if ('reason' in found) return skip(found.reason);
        outlook = found;
        verifySeconds = ceiling ? 0 : verificationSeconds(w, found.slice, seed);
      }),
    start: () =>
      orEnd(async () => {
        const reason = (await fitting?.fit()) ?? null;
        if (reason !== null) skip(reason);
      }),
    get lapsed() {
      return lapsed;
    },
    warm: () =>
      orEnd(async () => {
        [lapsed, isFurther, hasKept] = [null, true, false];
        await prepared.renew();
        await warmUp(prepared, WARM_AGAIN_SECONDS, { warmRate: summarizeRates(samples).median });
      }),
    async sample(round, process) {
      let sample: RoundSample | null = null;
      await orEnd(async () => {
        sample = { ...(await prepared.run()), round, ...(process === undefined ? {} : { process }) };
        samples.push(sample);
      });
      return sample;
    },
    async again() {
      try {
        return await prepared.run();
      } catch (error) {
        // Its rows are kept since the last round, so its samples are not lost.
        await prepared.forget();
        throw error;
      }
    },
    sustained: null,
    keepRows: () =>
      orEnd(async () => {
        const ready = prepared.prepared;
        if (ready === undefined || lapsed !== null) return;
        const output = await keepOutput(w, ready.slice, seed, prepared);
        if (kept === undefined) kept = { ready, outputs: [output] };
        else kept.outputs.splice(hasKept ? -1 : kept.outputs.length, 1, output);
        hasKept = true;
      }),
    settled,
    release: () => orEnd(() => prepared.dispose()),
    async finish() {
      await runner.keepRows();
      const { ended } = runner;
      if (ended !== null && ended.state !== 'interrupted') return { ...record(), ...ended };
      if (kept === undefined || samples.length === 0) {
        return ended === null ? { ...record(), state: 'failed', message: notFinished } : null;
      }
      try {
        const { ready, outputs } = kept;
        const verification = await verify(w, options.data, ready.program, ready.slice, outputs, watch);
        await prepared.dispose();
        if ('wrong' in verification) return { ...record(), state: 'failed', message: verification.wrong };
        return measured(ready, verification);
      } catch (error) {
        const failed = await fail(error);
        runner.ended = failed;
        return failed.state === 'interrupted' ? null : { ...record(), ...failed };
      }
    },
  };
  return runner;
}

/** SHA-256 of a program's text form, first 16 hexadecimal digits. */
async function hash(program: Program): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(JSON.stringify(program)));
  return Array.from(new Uint8Array(digest).subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
