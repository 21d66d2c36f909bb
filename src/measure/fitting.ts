/** From a program to a slice that is prepared and warm, within the time that a contender has; and what that will take, beforehand. */

import type { Program } from '../../kernels/kernel.ts';
import { computedFlops } from '../host/computed-work.ts';
import type { Environment } from '../host/contract.ts';
import { flops } from '../problem/flops.ts';
import { type Slice, sliceFlops, sliceShape, wholeSlice } from '../problem/slice.ts';
import { bytes, elementBytes, type Workload } from '../problem/workload.ts';
import { type Affordable, fitSlice, type Part } from './fit.ts';
import type { PreparedRun } from './prepared-run.ts';
import { type SmallProblem, smallProblem, warmUp } from './warm-up.ts';

/** What a contender runs, and how long. */
export interface FitRequest {
  program: Program;
  workload: Workload;
  environment: Environment;
  /** Other people's code. */
  library: boolean;
  /** False where it reads no values, so that none are made. */
  filled: boolean;
  /** Run the whole workload, however long it takes. */
  full: boolean;
  /** Run this many whole KV groups; null leaves the slice to the time. */
  wholeGroups: number | null;
  /** Seconds that one sample should take. */
  sampleSeconds: number;
  /** Seconds of measuring that the contender has. */
  shareSeconds: number;
}

/** What lies before a contender as it is predicted, in seconds. */
export interface Outlook {
  slice: Slice;
  /** Compiling, allocating and filling. */
  prepareSeconds: number;
  /** One run of its slice. */
  runSeconds: number;
  /** Seconds to make one value of a tensor. */
  valueSeconds: number;
}

/** Slices that are tried before one takes about as long as a sample should. */
const ATTEMPTS = 4;
/** Share of a contender's time that warming may take. */
const WARM_SHARE = 1 / 5;
/** A slice that would take longer than this at the speed of slow code is looked at on a small problem first. */
const LOOK_FROM_SECONDS = 0.25;
/** Most seconds of a look. */
const LOOK_SECONDS = 0.6;
/**
 * Runs of a look at least: its slice may then run once, for its only sample, and a program that writes nothing after its first
 * run has to be found before.
 */
const LEAST_LOOKS = 2;
/** Keys of a small problem, and of one for a slow device. */
const SMALL_KEYS = 2048;
const LEAST_KEYS = 256;
/** Keys of the problem whose rate stands for that of a long one: K and V outgrow the caches. */
const LONG_KEYS = 32768;
/** Seconds to make a value as seen on server CPUs, until so many were made here that starting threads hardly counts. */
const VALUE_SECONDS = 1e-8;
const MANY_VALUES = 4e6;

/** How a contender gets ready. */
export interface Fitting {
  /**
   * Learns on a small problem how fast the program is, where its slice may take long; the program is warm then. What lies
   * before the contender, or why it cannot run.
   */
  look(): Promise<Outlook | { reason: string }>;
  /** Prepares the slice that fits, and warms it where there is time; why it cannot run, or null. */
  fit(): Promise<string | null>;
}

/** Gets a program ready on a prepared run. */
export function createFitting(prepared: PreparedRun, request: FitRequest): Fitting {
  const {
    program,
    workload: w,
    environment,
    library,
    filled,
    full,
    wholeGroups,
    sampleSeconds,
    shareSeconds,
  } = request;
  const warmSeconds = shareSeconds * WARM_SHARE;
  let [looked, rateKnown, valueSeconds] = [false, false, VALUE_SECONDS];
  const whole = wholeSlice(w, program.blockRows);
  /** What is kept of what is computed: of a guessed rate only so much counts. */
  const keptShare = Math.min(1, flops(w) / Math.max(1, computedFlops(program, w, whole)));
  /** FLOP/s of what is kept: of the last run, before it a guess. */
  const rate = () => prepared.rate * (rateKnown ? 1 : keptShare);

  /** So many samples have to fit into the contender's time; the fewer work tiles a thread has, the fewer. */
  const affordable: Affordable = (work, tilesPerThread) => {
    const samples = tilesPerThread > 4 ? 8 : tilesPerThread > 2 ? 3 : 2;
    return (work / rate()) * samples <= shareSeconds;
  };
  /** The slice for about so many FLOPs. */
  const sliceFor = (wanted: number) => {
    const part: Part = full ? 'whole' : wholeGroups === null ? { flops: wanted } : { groups: wholeGroups };
    return fitSlice(program, w, environment, part, rateKnown ? affordable : undefined);
  };
  /** The slice for a sample at the rate that is known; a workload that takes little longer than a sample runs whole. */
  const sliceToRun = () => {
    const wanted = rate() * sampleSeconds;
    return sliceFor(flops(w) < wanted * 1.5 ? flops(w) : wanted);
  };
  /** A small problem of `keys` keys, or of fewer where that would take long. */
  const smallOf = (keys: number, least: number): SmallProblem => {
    const small = smallProblem(w, program, environment.device.threads, library, keys);
    const long = flops(small.workload) / rate() > LOOK_SECONDS;
    return long && keys > least ? smallOf(keys / 2, least) : small;
  };
  const lookAt = async ({ workload, slice }: SmallProblem) => {
    const { prepareSeconds } = await prepared.prepare(program, slice, workload);
    await warmUp(prepared, Math.min(LOOK_SECONDS, warmSeconds), { least: LEAST_LOOKS });
    [looked, rateKnown] = [true, true];
    if (elements(workload) >= MANY_VALUES) valueSeconds = prepareSeconds / elements(workload);
  };

  return {
    async look() {
      const least = sliceFor(0);
      if ('reason' in least) return least;
      const slow = sliceFlops(w, least) / rate() > LOOK_FROM_SECONDS;
      const small = smallOf(SMALL_KEYS, LEAST_KEYS);
      if (slow && flops(small.workload) * 4 < sliceFlops(w, least)) await lookAt(small);
      let slice = sliceToRun();
      if ('reason' in slice) return slice;
      if (looked && !library && w.seqKv >= 2 * LONG_KEYS && sliceFlops(w, slice) / rate() > shareSeconds / 2) {
        await lookAt(smallOf(LONG_KEYS, SMALL_KEYS));
        slice = sliceToRun();
        if ('reason' in slice) return slice;
      }
      const prepareSeconds = filled ? valueSeconds * elements(sliceShape(w, slice)) : 0;
      const runSeconds = sliceFlops(w, slice) / rate();
      // Where nothing has run, the rate is a guess, and the slice is small.
      return {
        slice,
        prepareSeconds,
        runSeconds: looked ? runSeconds : Math.min(runSeconds, sampleSeconds),
        valueSeconds,
      };
    },
    async fit() {
      // Before anything has run the rate is a guess: a tenth of a sample at most.
      let slice = looked ? sliceToRun() : sliceFor(rate() * sampleSeconds * 0.1);
      for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
        if ('reason' in slice) return slice.reason;
        await prepared.prepare(program, slice);
        // Where there is no time to warm this slice, the small problem has warmed its code.
        if (looked && prepared.expectedSeconds > warmSeconds) return null;
        await prepared.run();
        rateKnown = true;
        // The first run of new code is slow: what counts is the second, where there is time for one.
        if (prepared.expectedSeconds < sampleSeconds) await prepared.run();
        const ran = sliceFlops(w, slice);
        slice = sliceToRun();
        if ('reason' in slice) return slice.reason;
        const next = sliceFlops(w, slice);
        // A part that is near enough stays, but the whole is worth another attempt: fixed costs count double in its half.
        const near = next <= 2 * ran && next >= ran / 2;
        if (near && (next <= ran || next < flops(w))) break;
      }
      if (prepared.expectedSeconds <= warmSeconds) await warmUp(prepared, warmSeconds);
      return null;
    },
  };
}

/** Values of q, k, v and o. */
const elements = (w: Workload) => bytes(w) / elementBytes(w.dtype);
