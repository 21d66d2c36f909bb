/** Runs the command line in a folder of its own: in this process, or the real binary in a child process. */

import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';
import type { RunDocument } from '../../src/record/measurement.ts';

/** The file that npx bench runs. */
export const LAUNCHER = fileURLToPath(new URL('../../src/cli/launch.js', import.meta.url));

export interface Outcome {
  code: number | null;
  stdout: string;
  stderr: string;
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'attnbench-test-'));
}

/** Whatever the terminal of the tests is, what is compared has no colours. */
const NO_COLOURS = { NO_COLOR: '1', FORCE_COLOR: undefined };

/**
 * Runs `bench ARGS` in this process: what the binary does after its version check, without the start of a Node. One call at a time, since
 * the folder, the arguments and the output of the process are its own meanwhile. `seen` is called with all of stderr each time that more
 * of it comes, before the command goes on. `variables` are set meanwhile.
 */
export async function bench(
  args: readonly string[],
  cwd = temporaryFolder(),
  seen: (stderr: string) => void = () => {},
  variables: Record<string, string | undefined> = {},
): Promise<Outcome> {
  const before = { folder: process.cwd(), argv: process.argv };
  const written = { stdout: '', stderr: '' };
  const captured = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk, encoding?: unknown, done?: unknown) => {
      written[name] += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      if (name === 'stderr') seen(written.stderr);
      for (const callback of [encoding, done]) if (typeof callback === 'function') callback();
      return true;
    }),
  );
  for (const [name, value] of Object.entries({ ...NO_COLOURS, ...variables })) vi.stubEnv(name, value);
  process.argv = [process.execPath, LAUNCHER, ...args];
  process.chdir(cwd);
  try {
    // Loaded here, so that a test can set the environment that modules read as they load.
    const { main } = await import('../../src/cli/main.ts');
    return { code: await main(process.argv), ...written };
  } finally {
    process.chdir(before.folder);
    process.argv = before.argv;
    vi.unstubAllEnvs();
    for (const spy of captured) spy.mockRestore();
  }
}

/** Runs the real binary as `bench ARGS` and waits for its end. */
export function benchBinary(args: readonly string[], cwd = temporaryFolder()): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, ...NO_COLOURS };
    execFile(process.execPath, [LAUNCHER, ...args], { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code as unknown as number), stdout, stderr });
    });
  });
}

/** Starts the real binary as `bench ARGS`; `seen` is called at once, and with all of stderr each time that more of it comes. */
export function startBench(
  args: readonly string[],
  cwd: string,
  seen: (stderr: string, pid: number) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd, env: { ...process.env, ...NO_COLOURS } });
    let [stdout, stderr] = ['', ''];
    seen(stderr, child.pid ?? 0);
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
      seen(stderr, child.pid ?? 0);
    });
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** The lines of the only journal under `cwd`/results/runs. */
export function journalLines(cwd: string): Record<string, unknown>[] {
  const folder = join(cwd, 'results', 'runs');
  const [name = ''] = readdirSync(folder).filter((file) => file.endsWith('.jsonl'));
  const lines = readFileSync(join(folder, name), 'utf8').trim().split('\n');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** How many lines the only journal under `cwd`/results/runs has so far: 0 before there is one. For a look while a run still writes it. */
export function linesSoFar(cwd: string): number {
  const folder = join(cwd, 'results', 'runs');
  const [name] = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith('.jsonl')) : [];
  return name === undefined ? 0 : readFileSync(join(folder, name), 'utf8').split('\n').length - 1;
}

export function parseRun(outcome: Outcome): RunDocument {
  return JSON.parse(outcome.stdout) as RunDocument;
}
