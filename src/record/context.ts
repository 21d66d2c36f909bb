/** What a record says of the program and the machine, and nothing that says whose machine it is. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Device } from '../host/contract.ts';
import type { Context } from './measurement.ts';

/** Arguments with paths shortened to their last part, and addresses to what they are. */
export function shortArgv(argv: readonly string[]): string[] {
  return argv.map((argument) => {
    if (/wss?:\/\//.test(argument)) return argument.replaceAll(/wss?:\/\/[^,]*/g, 'ws://...');
    const [option, value] = argument.startsWith('--') ? argument.split(/=(.*)/s) : ['', argument];
    if (value === undefined || !/[\\/]/.test(value)) return argument;
    const last = basename(value.replaceAll('\\', '/'));
    return option === '' ? last : `${option}=${last}`;
  });
}

/** Version of this package. */
export function ownVersion(): string {
  // One folder deeper where the sources were compiled to dist/.
  for (const path of ['../../package.json', '../../../package.json']) {
    try {
      const found = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (found.name === 'attnbench') return found.version ?? 'unknown';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return 'unknown';
}

export function versions(): Record<string, string> {
  const found: Record<string, string> = {
    attnbench: ownVersion(),
    node: process.versions.node,
    v8: process.versions.v8,
    platform: `${process.platform} ${process.arch}`,
  };
  try {
    const path = createRequire(import.meta.url).resolve('webgpu');
    const { version } = JSON.parse(readFileSync(new URL('package.json', pathToFileURL(path)), 'utf8')) as {
      version: string;
    };
    found['webgpu'] = version;
  } catch {
    // Optional, and left out where it is not installed.
  }
  return found;
}

/** What a run says of itself, as it starts. */
export function newContext({ label, seed }: { label: string | null; seed: number }, devices: Device[]): Context {
  return {
    argv: shortArgv(process.argv.slice(2)),
    label,
    startedAt: new Date().toISOString(),
    versions: versions(),
    seed,
    devices,
    cancelled: false,
  };
}

/** A time as part of a file name: 20261124T023455. */
export function timeStamp(iso = new Date().toISOString()): string {
  return iso.slice(0, 19).replaceAll(/[-:]/g, '');
}
