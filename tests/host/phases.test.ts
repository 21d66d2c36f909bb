/** Threads run each phase once and report it once, also where they are woken for one that they have run. */

import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { afterEach, expect, it } from 'vitest';
import { CONTROL, createControl, PHASE, stopThreads, timedPhase } from '../../src/host/cpu/phases.ts';

const PHASES = new URL('../../src/host/cpu/phases.ts', import.meta.url).href;
/** A thread whose phases only count. */
const THREAD = `
  const { workerData: { control, runs } } = require('node:worker_threads');
  import(${JSON.stringify(PHASES)}).then(({ servePhases }) => servePhases(control, () => void Atomics.add(runs, 0, 1)));`;

const workers: Worker[] = [];
afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));

function start() {
  const control = createControl(true);
  const runs = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(THREAD, { eval: true, workerData: { control, runs } });
  workers.push(worker);
  const threads = { control, run: () => {}, workers: [{ stop: async () => void (await worker.terminate()) }] };
  return { control, runs, threads };
}

/** Wakes the thread once it sleeps; false where it reports something instead. */
async function wokenAsleep(control: Int32Array): Promise<boolean> {
  while (Atomics.notify(control, CONTROL.generation) === 0) {
    if (Atomics.load(control, CONTROL.done) > 0) return false;
    await turn();
  }
  return true;
}

it('runs and reports nothing where a thread is woken without a new phase', async () => {
  const { control, runs, threads } = start();
  timedPhase(threads, PHASE.attend);
  expect(Atomics.load(runs, 0)).toBe(1);
  // As where a phase is told to a thread that has looked, run it and gone to sleep before it was to be woken. Twice: it
  // sleeps again only where the first time changed nothing.
  expect(await wokenAsleep(control)).toBe(true);
  expect(await wokenAsleep(control)).toBe(true);
  expect(Atomics.load(control, CONTROL.done)).toBe(0);
  timedPhase(threads, PHASE.attend);
  expect(Atomics.load(runs, 0)).toBe(2);
  await stopThreads(threads);
});

it('runs a thousand phases once each', async () => {
  const { control, runs, threads } = start();
  for (let phase = 1; phase <= 1000; phase += 1) {
    timedPhase(threads, PHASE.attend);
    expect(Atomics.load(runs, 0)).toBe(phase);
    // Wakes it at any moment, as above.
    Atomics.notify(control, CONTROL.generation);
  }
  await stopThreads(threads);
});
