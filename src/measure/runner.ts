/** One contender at one workload: fitted, prepared, warmed, run, verified; every way that it can end is a state of its record. */

import type { Program } from '../../kernels/kernel.ts';
import { formatExactBytes } from '../format.ts';
import type { Environment, Sample } from '../host/contract.ts';
import { footprint } from '../host/footprint.ts';
import type { Verification } from '../host/oracle.ts';
import type { Contender, HostPool } from '../host/pool.ts';
import { childHung, messageOf, needsMemory, notFinished, wrongResult } from '../messages.ts';
import type { Data } from '../problem/data.ts';
import { flops } from '../problem/flops.ts';
import {
  chooseSlice,
  groupSlice,
  largestTensorBytes,
  type Slice,
  sliceFlops,
  sliceShape,
  splitSlice,
  wholeSlice,
} from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';
import type { Measurement } from '../record/measurement.ts';
import { rateOf, tflopsOf } from '../record/rate.ts';
import { MIN_FOR_INTERVAL, relativeHalfWidth, summarize } from './statistics.ts';
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

/** Work units a thread at least, and where the last ones are cut into parts, so that threads end together. */
const TILES_PER_THREAD = 16;
const CUT_TILES_PER_THREAD = 8;
/** Successive samples that differ by less than this are warm. */
const WARM = 0.03;
/** A point has settled when half its interval is this small. */
export const SETTLED = 0.02;
/** Speeds to expect before anything has run, FLOP/s: for time-outs and the first slice only. */
const FIRST_RATES = { scalar: 3e8, wasm: 2e9, webgpu: 2e8, peers: 2e9 } as const;

/** A contender at a workload with what it has done so far. */
export interface Runner {
  contender: Contender;
  samples: RoundSample[];
  /** Seconds spent on compiling, allocating and filling: no part of the measuring. */
  preparingSeconds: number;
  /** Seconds that the next run will take, from the last one. */
  expectedSeconds: number;
  /** Set when it has ended without a measurement. */
  ended: { state: 'skipped'; reason: string } | { state: 'failed'; message: string } | null;
  /** Prepares and warms; on return it is ready or ended. */
  start(): Promise<void>;
  /** One timed run in a round; null where it ended. */
  sample(round: number): Promise<RoundSample | null>;
  settled(): boolean;
  /** Verifies the last run and returns the record; releases the host's memory. */
  finish(): Promise<Measurement>;
  /** Releases the host's memory without a record. */
  release(): Promise<void>;
}

interface Ready {
  program: Program;
  slice: Slice;
  id: number;
  generation: number;
  compileSeconds: number;
  prepareSeconds: number;
}

export function createRunner(contender: Contender, w: Workload, pool: HostPool, options: RunnerOptions): Runner {
  const { kernel, target } = contender;
  let ready: Ready | undefined;
  let kernelHash: string | null = null;
  let rate: number = FIRST_RATES[kernel.backend];

  /** A call that may crash or hang its host: a watchdog of 10 times the estimate and 10 s ends the host. */
  const guarded = async <T>(expectedSeconds: number, call: () => Promise<T>): Promise<T> => {
    const limit = 10 * expectedSeconds + 10;
    let hung = false;
    const watchdog = setTimeout(() => {
      hung = true;
      pool.kill(target);
    }, limit * 1000);
    try {
      return await call();
    } catch (error) {
      throw hung ? new Error(childHung(limit)) : error;
    } finally {
      clearTimeout(watchdog);
    }
  };

  const fail = async (error: unknown) => {
    runner.ended = { state: 'failed', message: messageOf(error) };
    ready = undefined;
    await pool.check(target);
  };

  const prepare = async (program: Program, slice: Slice): Promise<Ready> => {
    const { host, generation } = await pool.acquire(target);
    // Filling takes some 20 ns a value; compiling a large shader in a software adapter up to a minute.
    const expected = 6 + (largestTensorBytes(sliceShape(w, slice)) / 4) * 3 * 50e-9;
    // A ceiling reads no values.
    const data = contender.ceiling === true ? ({ kind: 'none' } as const) : options.data;
    const begin = performance.now();
    const prepared = await guarded(expected, () =>
      host.prepare({ program, workload: w, slice, data, wallClock: options.wallClock }),
    );
    runner.preparingSeconds += (performance.now() - begin) / 1000;
    return { program, slice, generation, ...prepared };
  };

  /** Runs once, preparing again first where the host is a new one since another contender crashed it. */
  const runOnce = async (): Promise<Sample> => {
    const acquire = await pool.acquire(target);
    if (ready !== undefined && ready.generation !== acquire.generation) {
      ready = await prepare(ready.program, ready.slice);
      await (await pool.acquire(target)).host.run(ready.id);
    }
    const { id, slice } = ready as Ready;
    const { host } = await pool.acquire(target);
    const sample = await guarded(sliceFlops(w, slice) / rate, () => host.run(id));
    rate = rateOf(sample);
    runner.expectedSeconds = sample.seconds;
    return sample;
  };

  /** Slices that the device holds, for a wanted amount of work; undefined with a reason where none fits. */
  const sliceFor = (
    program: Program,
    environment: Environment,
    wantedFlops: number,
    whole = options.full,
  ): Slice | { reason: string } => {
    const { limits, device } = environment;
    const groups = contender.ceiling === true ? null : options.wholeGroups;
    const cut = program.kind === 'wasm' && program.splitRows < program.blockRows;
    const tiles = (cut ? CUT_TILES_PER_THREAD : TILES_PER_THREAD) * (device.threads ?? 1);
    const slice = whole
      ? wholeSlice(w, program.blockRows)
      : groups !== null
        ? groupSlice(w, program.blockRows, groups)
        : chooseSlice(w, program.blockRows, { flops: wantedFlops, tiles, tensorBytes: limits.tensorBytes });
    const largest = largestTensorBytes(sliceShape(w, slice));
    // A GPU runs larger tensors in parts, as long as one KV head fits.
    const parts = program.kind === 'wgsl' ? splitSlice(w, slice, limits.tensorBytes) : undefined;
    if (largest > limits.tensorBytes && parts === undefined) {
      const least =
        program.kind === 'wgsl' ? largestTensorBytes(sliceShape(w, { ...slice, batches: 1, kvHeads: 1 })) : largest;
      return {
        reason: needsMemory(
          program.kind === 'wgsl' ? 'one KV head' : 'one tensor',
          formatExactBytes(least),
          formatExactBytes(limits.tensorBytes),
        ),
      };
    }
    const need = footprint(program, w, slice, device.threads ?? 1);
    return need > limits.memoryBytes
      ? { reason: needsMemory('this workload', formatExactBytes(need), formatExactBytes(limits.memoryBytes)) }
      : slice;
  };

  /** Finds the slice whose run takes about sampleSeconds, by running smaller ones. */
  const fitToTime = async (program: Program, environment: Environment): Promise<void> => {
    let slice = sliceFor(program, environment, rate * options.sampleSeconds * 0.1, false);
    const whole = options.full ? sliceFor(program, environment, flops(w)) : slice;
    if ('reason' in whole) slice = whole;
    for (let attempt = 0; attempt < 4; attempt += 1) {
      if ('reason' in slice) {
        runner.ended = { state: 'skipped', reason: slice.reason };
        return;
      }
      if (ready !== undefined) await (await pool.acquire(target)).host.dispose(ready.id);
      const { compileSeconds } = ready ?? { compileSeconds: 0 };
      ready = await prepare(program, slice);
      ready.compileSeconds = Math.max(ready.compileSeconds, compileSeconds);
      await runOnce();
      // The first run of new code is slow: what counts is the second, where there is time for one.
      if (runner.expectedSeconds < options.sampleSeconds) await runOnce();
      const ran = sliceFlops(w, slice);
      let wanted = rate * options.sampleSeconds;
      // A workload that takes little longer than a sample runs whole.
      if (flops(w) < wanted * 1.5) wanted = flops(w);
      if (options.full && ran < flops(w) && !('reason' in whole)) {
        // Code and rate are known from the slice: the whole, which may take minutes, is not run before its first sample.
        await (await pool.acquire(target)).host.dispose(ready.id);
        ready = { ...(await prepare(program, whole)), compileSeconds: ready.compileSeconds };
        runner.expectedSeconds = flops(w) / rate;
        return;
      }
      if (options.wholeGroups !== null || ran >= wanted * 0.5 || ran === flops(w)) return;
      slice = sliceFor(program, environment, wanted);
    }
  };

  const warm = async (): Promise<void> => {
    let before = runner.expectedSeconds;
    let spent = 0;
    while (spent + runner.expectedSeconds < options.warmSeconds) {
      const { seconds } = await runOnce();
      spent += seconds;
      if (Math.abs(seconds - before) / seconds < WARM) return;
      before = seconds;
    }
  };

  const record = () => ({
    kernel: kernel.name,
    backend: kernel.backend,
    host: target.host,
    device: options.device,
    variant: target.variant,
    threads: target.environment?.device.threads ?? null,
    kernelHash,
    workload: w,
  });

  const measured = (verification: Verification): Measurement => {
    const { slice, compileSeconds, prepareSeconds } = ready as Ready;
    const { median, low, high } = summarize(runner.samples.map(tflopsOf));
    return {
      ...record(),
      state: 'measured',
      samples: runner.samples,
      converged: runner.settled(),
      coverage: Math.min(1, sliceFlops(w, slice) / flops(w)),
      compileSeconds,
      prepareSeconds,
      tflops: low === null || high === null ? { median } : { median, low, high },
      passSeconds: flops(w) / (median * 1e12),
      verification,
    };
  };

  const runner: Runner = {
    contender,
    samples: [],
    preparingSeconds: 0,
    expectedSeconds: 0,
    ended: null,
    async start() {
      const { environment, unavailable } = target;
      const skip = (reason: string) => {
        runner.ended = { state: 'skipped', reason };
      };
      if (environment === null) return skip(unavailable ?? 'no device');
      const unsupported = kernel.unsupported(w, environment);
      if (unsupported !== undefined) return skip(unsupported);
      try {
        const program = kernel.build(w, environment);
        kernelHash = await hash(program);
        await fitToTime(program, environment);
        if (runner.ended === null) await warm();
      } catch (error) {
        await fail(error);
      }
    },
    async sample(round) {
      if (runner.ended !== null) return null;
      try {
        const sample = { ...(await runOnce()), round };
        runner.samples.push(sample);
        return sample;
      } catch (error) {
        await fail(error);
        return null;
      }
    },
    settled: () =>
      runner.samples.length >= MIN_FOR_INTERVAL && relativeHalfWidth(runner.samples.map(rateOf)) <= SETTLED,
    async release() {
      if (ready === undefined || runner.ended !== null) return;
      try {
        const { host, generation } = await pool.acquire(target);
        if (ready.generation === generation) await host.dispose(ready.id);
      } catch (error) {
        await fail(error);
      }
    },
    async finish() {
      if (runner.ended !== null) return { ...record(), ...runner.ended };
      if (ready === undefined || runner.samples.length === 0) {
        return { ...record(), state: 'failed', message: notFinished };
      }
      try {
        // A host that another contender brought down since has lost the output: run once more, then read.
        if (ready.generation !== (await pool.acquire(target)).generation) await runOnce();
        const { host } = await pool.acquire(target);
        const { id, slice } = ready as Ready;
        const verification = await verify(w, slice, options.data, options.seed, (rows) => host.read(id, rows));
        const result: Measurement =
          verification.maxRelativeError <= verification.tolerance
            ? measured(verification)
            : {
                ...record(),
                state: 'failed',
                message: wrongResult(verification.maxRelativeError, verification.tolerance),
              };
        await host.dispose(id);
        return result;
      } catch (error) {
        await fail(error);
        return { ...record(), ...(runner.ended ?? { state: 'failed', message: String(error) }) } as Measurement;
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
