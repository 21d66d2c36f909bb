/** What a record says about the program, its settings and the machine. Nothing in it says whose machine it is. */

import type { Device } from '../host/contract.ts';
import { recordedDevice } from './backend.ts';
import type { Context, Load, Settings } from './measurement.ts';

/** Arguments with paths shortened to their last part, and addresses to what they are. */
export function shortArgv(argv: readonly string[]): string[] {
  return argv.map((argument) => {
    if (/wss?:\/\//.test(argument)) return argument.replaceAll(/wss?:\/\/[^,]*/g, 'ws://...');
    const [option, value] = argument.startsWith('--') ? argument.split(/=(.*)/s) : ['', argument];
    if (value === undefined || !/[\\/]/.test(value)) return argument;
    const last = value.split(/[\\/]/).findLast((part) => part !== '') ?? '';
    return option === '' ? last : `${option}=${last}`;
  });
}

/** A message, perhaps of a driver, with the absolute paths in it shortened to their last part. */
export function withoutPaths(text: string): string {
  return text.replaceAll(/(?<![\w.])(?:[A-Za-z]:)?(?:[\\/][^\\/\s]+){2,}/g, (path) => path.split(/[\\/]/).at(-1) ?? '');
}

/** The context of a run that starts now. `argv` is the command line as it was given. */
export function newContext(run: {
  argv: readonly string[];
  label: string | null;
  versions: Record<string, string>;
  settings: Settings;
  devices: Device[];
  /** Absent where it is not known. */
  load?: Load | null;
  models?: readonly string[];
}): Context {
  return {
    argv: shortArgv(run.argv),
    label: run.label,
    startedAt: new Date().toISOString(),
    versions: run.versions,
    seed: run.settings.seed,
    settings: run.settings,
    ...(run.load == null ? {} : { load: run.load }),
    ...(run.models === undefined || run.models.length === 0 ? {} : { models: [...run.models] }),
    devices: run.devices.map(recordedDevice),
    cancelled: false,
  };
}

/** A time as part of a file name: 20261124T023455. */
export function timeStamp(iso = new Date().toISOString()): string {
  return iso.slice(0, 19).replaceAll(/[-:]/g, '');
}
