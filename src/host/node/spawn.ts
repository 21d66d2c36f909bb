/**
 * Starts child processes and talks to the hosts in them; a crash or a hang of a child is an error of its calls, nothing
 * more.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { existsSync } from 'node:fs';
import { enableCompileCache, getCompileCacheDir } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { childDied, openHung } from '../../messages.ts';
import type { AdapterDescription } from '../gpu/adapter-description.ts';
import { connect, type Request, type Response } from '../protocol.ts';
import type { KillableHost } from '../target.ts';
import { guarded, OPEN_LIMIT_S } from '../watchdog.ts';
import type { ChildReady, ChildRole } from './child.ts';
import { siblingUrl } from './sibling.ts';

/** What a child is asked to be, and how it is started. */
export interface SpawnOptions {
  role: ChildRole;
  /** V8 flags. */
  flags: string[];
  /** Variables added to the child's environment. */
  env: Record<string, string>;
}

/** A host in a child process. */
export interface ChildHost extends KillableHost {
  /** Process number, for messages and tests. */
  pid: number;
}

/** How long an exit may come after the channel to a child broke. */
const EXIT_GRACE_MS = 2000;

const living = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Lets children start from compiled files: reading TypeScript anew takes up to a second. */
function compileCache(): Record<string, string> {
  // Where the first file of the command could make no folder for it, Node would not return from making one (under /proc).
  if (existsSync(join(tmpdir(), 'node-compile-cache'))) enableCompileCache();
  const folder = getCompileCacheDir();
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}

async function start({ role, flags, env }: SpawnOptions): Promise<{ child: ChildProcess; ready: ChildReady }> {
  const child = fork(siblingUrl(import.meta.url, 'child'), [], {
    // Nothing of the parent's own flags (a test runner's, for instance) reaches a measured process.
    execArgv: flags,
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, ...compileCache(), ...env },
  });
  living.add(child);
  // Drivers and Dawn warn there of much that is no matter of the user's: it is kept for the message of a crash.
  const complaints: string[] = [];
  child.stderr?.on('data', (chunk: Buffer) => {
    complaints.push(chunk.toString());
    // The last words are what matters of a crash.
    if (complaints.length > 20) complaints.shift();
  });
  const end = () => child.kill('SIGKILL');
  const started = new Promise<ChildReady>((resolve, reject) => {
    child.once('message', (message) => resolve(message as ChildReady));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      living.delete(child);
      reject(new Error(childDied(howItEnded(code, signal, complaints.join('')))));
    });
    child.send(role, (error) => {
      // A child that ends at once breaks the channel before its exit is known, and the exit tells more.
      if (error !== null) setTimeout(reject, EXIT_GRACE_MS, error).unref();
    });
  });
  const ready = await guarded(OPEN_LIMIT_S, openHung, end, () => started);
  child.on('exit', (code, signal) =>
    child.emit('gone', new Error(childDied(howItEnded(code, signal, complaints.join(''))))),
  );
  return { child, ready };
}

function howItEnded(code: number | null, signal: string | null, complaints: string): string {
  const how = signal === null ? `exit code ${code}` : `signal ${signal}`;
  // Dawn warns of limits that it lowered, on every start.
  const lines = complaints.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Warning:'));
  const told = lines.find((line) => /error|lost|fatal|assert|abort/i.test(line)) ?? lines.at(-1) ?? '';
  return told === '' ? how : `${how}: ${told.slice(0, 200)}`;
}

/** Starts a child with a host in it. Throws with the child's reason where it cannot be what was asked. */
export async function spawnHost(options: SpawnOptions): Promise<ChildHost> {
  const { child, ready } = await start(options);
  if (!ready.ready) {
    child.kill('SIGKILL');
    throw new Error(ready.message);
  }
  const connection = connect((request: Request) => {
    child.send(request, (error) => {
      if (error !== null) connection.fail(new Error(childDied(error.message)));
    });
  });
  child.on('message', (response) => connection.receive(response as Response));
  child.once('gone', (error: Error) => connection.fail(error));
  return {
    ...connection.host,
    pid: child.pid ?? -1,
    kill: () => child.kill('SIGKILL'),
    async close() {
      // The child ends with its channel; WebGPU objects are left to the end of the process.
      child.removeAllListeners('gone');
      connection.fail(new Error('the host was closed'));
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }
    },
  };
}

/** The adapters that a child with these variables sees. */
export async function spawnAdapterList(env: Record<string, string>): Promise<AdapterDescription[]> {
  const { child, ready } = await start({ role: { backend: 'adapters' }, flags: [], env });
  child.kill('SIGKILL');
  if (!ready.ready) throw new Error(ready.message);
  return ready.adapters ?? [];
}
