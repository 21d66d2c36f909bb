/** A program on a target's host: a watchdog ends a host that hangs, and after a crash the program is prepared again. */

import type { Program } from '../../kernels/kernel.ts';
import type { Sample } from '../host/contract.ts';
import type { HostPool } from '../host/pool.ts';
import type { OpenTarget } from '../host/target.ts';
import { watched } from '../host/watchdog.ts';
import type { Data } from '../problem/data.ts';
import { type RowAddress, type Slice, sliceFlops } from '../problem/slice.ts';
import type { Workload } from '../problem/workload.ts';
import { rateOf } from '../record/rate.ts';

/** What a program is prepared for. */
export interface PreparedRunOptions {
  data: Data;
  /** Time by the wall clock even where a better clock is there. */
  wallClock: boolean;
  /** FLOP/s to expect of the first run: for its time-out only. */
  firstRate: number;
}

/** A slice that lies prepared on a host. */
interface Prepared {
  program: Program;
  slice: Slice;
  id: number;
  generation: number;
  compileSeconds: number;
  prepareSeconds: number;
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
  /** Prepares a slice in place of what is prepared. */
  prepare(program: Program, slice: Slice): Promise<Prepared>;
  /** Runs once. */
  run(): Promise<Sample>;
  /** Output rows of the last run. A host that was opened since has lost them: it runs once more first. */
  read(rows: RowAddress[]): Promise<Float32Array[]>;
  /** Releases the host's memory. */
  dispose(): Promise<void>;
  /** To be called after an error: nothing is prepared any more, and a host that does not answer is given up. */
  forget(): Promise<void>;
}

/** A run on a target, nothing prepared yet. */
export function createPreparedRun(
  w: Workload,
  target: OpenTarget,
  pool: HostPool,
  { data, wallClock, firstRate }: PreparedRunOptions,
): PreparedRun {
  let prepared: Prepared | undefined;
  let rate = firstRate;
  let preparingSeconds = 0;
  /** Seconds of the last run of what is prepared. A host may pass over a short slice many times in one run. */
  let lastSeconds: number | undefined;
  const expectedSeconds = () => (prepared === undefined ? 0 : (lastSeconds ?? sliceFlops(w, prepared.slice) / rate));

  /** The host that is open now; a run may take ten times as long as expected, and 10 s. */
  const acquire = async () => {
    const { host, generation } = await pool.acquire(target);
    return { host: watched(host, () => 10 * expectedSeconds() + 10), generation };
  };

  const prepareOn = async (program: Program, slice: Slice): Promise<Prepared> => {
    const { host, generation } = await acquire();
    const begin = performance.now();
    const found = await host.prepare({ program, workload: w, slice, data, wallClock });
    preparingSeconds += (performance.now() - begin) / 1000;
    return { program, slice, generation, ...found };
  };

  /** What is prepared, on the host that is open now. */
  const current = async () => {
    if (prepared === undefined) throw new Error('nothing is prepared');
    const acquired = await acquire();
    if (prepared.generation === acquired.generation) return { ...prepared, host: acquired.host };
    // Another contender has crashed the host.
    prepared = await prepareOn(prepared.program, prepared.slice);
    const { host } = await acquire();
    await host.run(prepared.id);
    return { ...prepared, host };
  };

  const dispose = async () => {
    if (prepared === undefined) return;
    const { host, generation } = await acquire();
    if (prepared.generation === generation) await host.dispose(prepared.id);
    prepared = undefined;
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
    async prepare(program, slice) {
      const compileSeconds = prepared?.compileSeconds ?? 0;
      await dispose();
      lastSeconds = undefined;
      const found = await prepareOn(program, slice);
      // Code that a host has compiled before takes no time to compile again.
      prepared = { ...found, compileSeconds: Math.max(found.compileSeconds, compileSeconds) };
      return prepared;
    },
    async run() {
      const { host, id } = await current();
      const sample = await host.run(id);
      rate = rateOf(sample);
      lastSeconds = sample.seconds;
      return sample;
    },
    async read(rows) {
      const { host, id } = await current();
      return host.read(id, rows);
    },
    dispose,
    async forget() {
      prepared = undefined;
      await pool.check(target);
    },
  };
}
