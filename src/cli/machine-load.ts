/** What else this machine does when a run begins: it takes time from what is measured. */

import { availableParallelism, cpus, loadavg } from 'node:os';
import { formatNumber } from '../format.ts';
import { machineBusy } from '../messages.ts';
import type { Load } from '../record/measurement.ts';

/** Half of the cores busy over the last minute, and this share of their time still now: an earlier run of our own is over by then. */
const BUSY_AVERAGE = 0.5;
const BUSY_NOW = 0.25;
/** How long the look at what is done now takes, where the average is high. */
const LOOK_MS = 300;

/** The load average of the last minute; null where the system keeps none (Windows). */
function machineLoad(): Load | null {
  const averages = loadavg();
  const [average = 0] = averages;
  return averages.every((value) => value === 0) ? null : { average, cores: availableParallelism() };
}

/** What to say of a load, and of the share of all cores' time that is taken now; null where nothing keeps the machine busy. */
export function loadWarning({ average, cores }: Load, busyShare: number): string | null {
  const busy = average >= BUSY_AVERAGE * cores && busyShare >= BUSY_NOW;
  return busy ? machineBusy(formatNumber(average), cores) : null;
}

/** The load at the start of a run, for its record, and what to say of it: null where it is low or over by now. */
export async function lookAtLoad(): Promise<{ load: Load | null; warning: string | null }> {
  const load = machineLoad();
  // Only where it may matter does a run begin later for it.
  if (load === null || loadWarning(load, 1) === null) return { load, warning: null };
  const before = coreTimes();
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const after = coreTimes();
  return { load, warning: loadWarning(load, (after.busy - before.busy) / Math.max(1, after.all - before.all)) };
}

/** Milliseconds that all cores together have spent since the system started: with work, and at all. */
function coreTimes(): { busy: number; all: number } {
  const times = cpus().map((core) => core.times);
  const all = times.reduce((sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq, 0);
  return { busy: all - times.reduce((sum, { idle }) => sum + idle, 0), all };
}
