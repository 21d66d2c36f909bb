/** What a run of the command line says of itself, from its options. */

import type { Device } from '../host/contract.ts';
import type { newContext } from '../record/context.ts';
import type { RunOptions } from './options/run-options.ts';
import { versions } from './versions.ts';

/** The context of a run with these options on these devices, for newContext. */
export function recordOf(options: RunOptions, devices: Device[]): Parameters<typeof newContext>[0] {
  const { samples, full, seed, baseline, adapter, limits, tiles, budgetSeconds } = options;
  return {
    argv: process.argv.slice(2),
    label: options.label,
    versions: versions(),
    settings: {
      ...{ budget: budgetSeconds, samples, full, seed, baseline, adapter, limits },
      tiles: tiles === null ? 'tuned' : tiles === 'default' ? 'default' : 'file',
    },
    devices,
  };
}
