/**
 * Where a sample is timed in WebAssembly: one phase (pack, attend or merge) run by all threads, from its start to the last
 * thread's end.
 */

import { threadFailed, threadSilent } from '../../messages.ts';

/** Seconds after which a thread that does not report counts as hung. */
const PATIENCE_SECONDS = 60;

/** Positions in the control array that all threads share. */
export const CONTROL = { generation: 0, phase: 1, next: 2, done: 3, copy: 4, failed: 5, size: 6 } as const;
/** What a new generation asks for. */
export const PHASE = { pack: 0, attend: 1, exit: 2, merge: 3 } as const;

/**
 * The threads of a prepared slice: the calling one, which does its share by `run`, and workers that wait for a phase.
 */
export interface Threads {
  control: Int32Array;
  run: (phase: number) => void;
  workers: { stop(): Promise<void> }[];
}

/** A control array, in memory that workers can share where there are any. */
export function createControl(sharedMemory: boolean): Int32Array {
  const bytes = CONTROL.size * 4;
  return new Int32Array(sharedMemory ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
}

/** Runs one phase on all threads, including the calling one; seconds by the wall clock. */
export function timedPhase({ control, run, workers }: Threads, phase: number): number {
  const begin = performance.now();
  startPhase(control, phase);
  run(phase);
  waitForWorkers(control, workers.length);
  return (performance.now() - begin) / 1000;
}

/** Sets which copy of k and v the next phases read. */
export const takeCopy = (control: Int32Array, copy: number): void => void Atomics.store(control, CONTROL.copy, copy);

/** What a thread does of a phase: the pieces of work from 0 to `count` that no other thread took before it. */
export function takeWork(control: Int32Array, count: number, run: (index: number) => void): void {
  const next = () => Atomics.add(control, CONTROL.next, 1);
  for (let index = next(); index < count; index = next()) run(index);
}

/** Looks at a position before a thread sleeps: some 20 microseconds, less than to fall asleep and be woken. */
const LOOKS = 20_000;

/** Waits a moment for `position` to hold something else than `value`, without sleeping: phases of short passes follow at once. */
function lookFor(control: Int32Array, position: number, value: number): void {
  for (let look = 0; look < LOOKS && Atomics.load(control, position) === value; look += 1);
}

/**
 * The life of a worker thread: it runs each phase and reports. Between phases it looks for the next one for a moment, then
 * sleeps in Atomics.wait and uses no CPU.
 */
export function servePhases(control: Int32Array, run: (phase: number) => void): void {
  for (let generation = 0; ; generation += 1) {
    lookFor(control, CONTROL.generation, generation);
    // It may be woken for a phase that it saw without: until the next one begins, there is nothing to run or to report.
    while (Atomics.load(control, CONTROL.generation) === generation) {
      Atomics.wait(control, CONTROL.generation, generation);
    }
    const phase = Atomics.load(control, CONTROL.phase);
    if (phase === PHASE.exit) return;
    try {
      run(phase);
    } catch (error) {
      // The thread that waits cannot hear of it in any other way.
      Atomics.store(control, CONTROL.failed, 1);
      throw error;
    } finally {
      Atomics.add(control, CONTROL.done, 1);
      Atomics.notify(control, CONTROL.done);
    }
  }
}

/** Lets the workers end. */
export async function stopThreads({ control, workers }: Threads): Promise<void> {
  startPhase(control, PHASE.exit);
  await Promise.all(workers.map((worker) => worker.stop()));
}

function startPhase(control: Int32Array, phase: number): void {
  Atomics.store(control, CONTROL.next, 0);
  Atomics.store(control, CONTROL.phase, phase);
  Atomics.add(control, CONTROL.generation, 1);
  Atomics.notify(control, CONTROL.generation);
}

/** Blocks until `count` workers have reported; throws where one of them failed. This thread may block: it is never one that a user interface runs on. */
function waitForWorkers(control: Int32Array, count: number): void {
  for (let done = Atomics.load(control, CONTROL.done); done < count; done = Atomics.load(control, CONTROL.done)) {
    lookFor(control, CONTROL.done, done);
    if (Atomics.wait(control, CONTROL.done, done, PATIENCE_SECONDS * 1000) === 'timed-out') {
      throw new Error(threadSilent(PATIENCE_SECONDS));
    }
  }
  Atomics.store(control, CONTROL.done, 0);
  if (Atomics.load(control, CONTROL.failed) !== 0) throw new Error(threadFailed);
}
