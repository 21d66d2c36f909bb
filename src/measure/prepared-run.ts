/** A program on a target's host: a watchdog ends a host that hangs, and after a crash the program is prepared again. */

import type { Program } from '../../kernels/kernel.ts';
import { computedFlops } from '../host/computed-work.ts';
import type { Sample } from '../host/contract.ts';
import type { AcquiredHost, HostPool } from '../host/pool.ts';
import type { OpenTarget } from '../host/target.ts';
import { watched } from '../host/watchdog.ts';
import type { Data } from '../problem/data.ts';
import { type RowAddress, type Slice, sliceFlops } from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';
import { rateOf } from '../record/rate.ts';
import { withTime } from './impossible.ts';
import { Interrupted, type StopSignal, stoppable } from './stop.ts';

/** What a program is prepared for. */
export interface PreparedRunOptions {
  data: Data;
  /** Time by the wall clock even where a better clock is there. */
  wallClock: boolean;
  /** FLOP/s to expect of the first run, until one has told. */
  firstRate: number;
  /** True where the first run compiles too, as a library's may: it may then take as long as that. */
  compilesLate?: boolean;
  /** Once it is aborted, a call that does not end soon is ended with its host, and nothing is prepared again. */
  signal: StopSignal;
}

/** A slice that lies prepared on a host. */
export interface Prepared {
  program: Program;
  workload: Workload;
  slice: Slice;
  id: number;
  generation: number;
  compileSeconds: number;
  prepareSeconds: number;
  /** Copies of k and v that runs take in turn, where there are several. */
  copies?: number;
}

/** A program that can be run again and again, whatever happens to its host. */
export interface PreparedRun {
  /** What is prepared; undefined before `prepare` and after `forget`. */
  readonly prepared: Readonly<Prepared> | undefined;
  /** FLOP/s of the last run. */
  readonly rate: number;
  /** Seconds that a run of what is prepared will take, from the last one. */
  readonly expectedSeconds: number;
  /** Seconds spent on compiling, allocating and filling: no part of the measuring. */
  readonly preparingSeconds: number;
  /** Those of the last slice that was prepared. */
  readonly lastPreparingSeconds: number;
  /** Prepares a slice in place of what is prepared: of the workload, or of a `smaller` one. */
  prepare(program: Program, slice: Slice, smaller?: Workload): Promise<Prepared>;
  /** Prepares the same again on a host that was opened since, and runs nothing there. */
  renew(): Promise<void>;
  /** Runs once. */
  run(): Promise<Sample>;
  /** Output rows of the last run. A host that was opened since has lost them: it runs once more first. */
  read(rows: RowAddress[]): Promise<Float32Array[]>;
  /** The sums of every output row of the last run (src/host/row-sums.ts); as with `read`. */
  sums(seed: number): Promise<Float64Array>;
  /** Releases the host's memory. */
  dispose(): Promise<void>;
  /** To be called after an error: nothing is prepared any more, and a host that does not answer is given up. */
  forget(): Promise<void>;
}

/** Longest compiling within a run, seconds. */
const LATE_COMPILE_S = 120;

/** A run on a target, nothing prepared yet. */
export function createPreparedRun(
  w: Workload,
  target: OpenTarget,
  pool: HostPool,
  { data, wallClock, firstRate, compilesLate = false, signal }: PreparedRunOptions,
): PreparedRun {
  let prepared: Prepared | undefined;
  let rate = firstRate;
  let hasRun = false;
  let preparingSeconds = 0;
  let lastPreparingSeconds = 0;
  /** Seconds of the last run of what is prepared. A host may pass over a short slice many times in one run. */
  let lastSeconds: number | undefined;
  const expectedSeconds = () => (prepared === undefined ? 0 : (lastSeconds ?? predictedSeconds(prepared)));
  /** Before anything has run the rate is a guess, of all that is computed; afterwards it is known, of what is kept. */
  const predictedSeconds = ({ program, workload, slice }: Prepared) =>
    (hasRun ? sliceFlops(workload, slice) : computedFlops(program, workload, slice)) / rate;

  /** A host whose runs may take ten times as long as expected, and 10 s; a first one that compiles longer. */
  const watchedOf = ({ host, generation }: AcquiredHost) => ({
    host: watched(
      host,
      () => 10 * expectedSeconds() + (compilesLate && lastSeconds === undefined ? LATE_COMPILE_S : 10),
    ),
    generation,
  });
  /** A call that an interrupt ends with its host, unless it ends soon by itself. */
  const stopped = <T>(call: () => Promise<T>) => stoppable(signal, () => pool.kill(target), call);

  const prepareOn = async (program: Program, slice: Slice, workload: Workload): Promise<Prepared> => {
    const { host, generation } = watchedOf(await pool.acquire(target));
    const begin = performance.now();
    const found = await stopped(() => host.prepare({ program, workload, slice, data, wallClock, coldKeys: true }));
    lastPreparingSeconds = (performance.now() - begin) / 1000;
    preparingSeconds += lastPreparingSeconds;
    return { program, workload, slice, generation, ...found };
  };

  /** What is prepared, on the host that is open now. */
  const current = async () => {
    if (prepared === undefined) throw new Error('nothing is prepared');
    const open = pool.opened(target);
    if (open !== undefined && prepared.generation === open.generation) return { ...prepared, ...watchedOf(open) };
    // Another contender has crashed the host, or an interrupt has ended it.
    const { id } = await prepareAgain(prepared);
    const { host } = watchedOf(await pool.acquire(target));
    await stopped(() => host.run(id));
    return { ...prepared, id, host };
  };

  const prepareAgain = async ({ program, slice, workload, compileSeconds }: Prepared) => {
    if (signal.aborted) throw new Interrupted();
    const found = await prepareOn(program, slice, workload);
    prepared = { ...found, compileSeconds: Math.max(found.compileSeconds, compileSeconds) };
    return prepared;
  };

  const dispose = async () => {
    const [held, open] = [prepared, pool.opened(target)];
    prepared = undefined;
    // After an interrupt the whole host is closed soon.
    if (held === undefined || held.generation !== open?.generation || signal.aborted) return;
    await watchedOf(open).host.dispose(held.id);
  };

  return {
    get prepared() {
      return prepared;
    },
    get rate() {
      return rate;
    },
    get expectedSeconds() {
      return expectedSeconds();
    },
    get preparingSeconds() {
      return preparingSeconds;
    },
    get lastPreparingSeconds() {
      return lastPreparingSeconds;
    },
    async prepare(program, slice, smaller = w) {
      const compileSeconds = prepared?.compileSeconds ?? 0;
      await dispose();
      lastSeconds = undefined;
      const found = await prepareOn(program, slice, smaller);
      // Code that a host has compiled before takes no time to compile again.
      prepared = { ...found, compileSeconds: Math.max(found.compileSeconds, compileSeconds) };
      return prepared;
    },
    async renew() {
      if (prepared === undefined) throw new Error('nothing is prepared');
      await prepareAgain(prepared);
    },
    async run() {
      const { host, id } = await current();
      const sample = withTime(await stopped(() => host.run(id)));
      rate = rateOf(sample);
      hasRun = true;
      lastSeconds = sample.seconds;
      return sample;
    },
    async read(rows) {
      const { host, id } = await current();
      return stopped(() => host.read(id, rows));
    },
    async sums(seed) {
      const { host, id } = await current();
      return stopped(() => host.sums(id, seed));
    },
    dispose,
    async forget() {
      prepared = undefined;
      await pool.check(target);
    },
  };
}
