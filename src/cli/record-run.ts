/** Reads the events of a run for the command line: each measurement is on disk before anything else gets it. */

import type { Device } from '../host/contract.ts';
import type { RunEvent } from '../measure/run.ts';
import { interrupted, journalFailed } from '../messages.ts';
import { newContext, timeStamp } from '../record/context.ts';
import { createJournal, type Journal } from '../record/journal.ts';
import type { Context, Load, Measurement, Ratio } from '../record/measurement.ts';
import { commandLine } from './command-line.ts';
import type { RunOptions } from './options/run-options.ts';
import { sayLine } from './terminal/output.ts';
import type { Progress } from './terminal/progress.ts';
import { versions } from './versions.ts';

/** A run so far. */
export interface RunningRecord {
  context: Context;
  journal: Journal;
  measurements: Measurement[];
  ratios: Ratio[];
}

/**
 * Keeps a run in a journal whose name begins with `name`, and shows its progress. `load` is that of the machine before it. `tell` gets every event after it has been
 * kept. An interrupted run is marked as cancelled.
 */
export async function recordRun(
  events: AsyncIterable<RunEvent>,
  name: string,
  options: RunOptions,
  load: Load | null,
  progress: Progress,
  tell: (event: RunEvent, run: RunningRecord) => void,
): Promise<RunningRecord> {
  let run: RunningRecord | undefined;
  try {
    for await (const event of events) {
      if (event.kind === 'run-started') {
        const context = contextOf(options, event.devices, load);
        const journal = createJournal(options.results, `${name}-${timeStamp(context.startedAt)}`, context);
        run = { context, journal, measurements: [], ratios: [] };
      }
      if (run === undefined) throw new Error(`the run began with '${event.kind}'`);
      keep(event, run, progress);
      tell(event, run);
    }
  } finally {
    progress.stop();
  }
  if (run === undefined) throw new Error('the run had no events');
  return run;
}

/** The context of a run with these options on these devices. */
function contextOf(options: RunOptions, devices: Device[], load: Load | null): Context {
  const { label, budgetSeconds, samples, processes, full, seed, baseline, adapter, limits } = options;
  const tiles = options.tiles === null ? 'tuned' : options.tiles === 'default' ? 'default' : 'file';
  const settings = { budget: budgetSeconds, samples, processes, full, seed, baseline, adapter, limits, tiles } as const;
  return newContext({
    argv: commandLine(),
    label,
    versions: versions(),
    settings,
    devices,
    load,
    models: options.models,
  });
}

/** The first failure is said even to who wants quiet: it is the record that suffers. */
function append(measurement: Measurement, { journal }: RunningRecord, progress: Progress): void {
  const before = journal.problem();
  journal.append(measurement);
  const problem = journal.problem();
  if (problem === null || before !== null) return;
  progress.stop();
  sayLine(journalFailed(journal.path, problem));
}

function keep(event: RunEvent, run: RunningRecord, progress: Progress): void {
  switch (event.kind) {
    case 'notice':
      progress.say(event.text);
      break;
    case 'progress':
      progress.update(event.share, event.message, event.secondsLeft);
      break;
    case 'measured':
      append(event.measurement, run, progress);
      run.measurements.push(event.measurement);
      break;
    case 'case-ended':
      run.ratios.push(...event.ratios);
      break;
    case 'run-ended':
      if (!event.interrupted) break;
      run.context.cancelled = true;
      run.journal.cancel();
      progress.stop();
      progress.say(interrupted);
      break;
    default:
  }
}
