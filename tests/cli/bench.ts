/** Runs the real binary in a child process, in a folder of its own. */

import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
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

/** Runs `bench ARGS` and waits for its end. */
export function bench(args: readonly string[], cwd = temporaryFolder()): Promise<Outcome> {
  return new Promise((resolve) => {
    const env = { ...process.env, NO_COLOR: '1' };
    execFile(process.execPath, [LAUNCHER, ...args], { cwd, env, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.code as unknown as number), stdout, stderr });
    });
  });
}

/** Starts `bench ARGS`; `seen` is called at once, and with all of stderr each time that more of it comes. */
export function startBench(
  args: readonly string[],
  cwd: string,
  seen: (stderr: string, pid: number) => void,
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd, env: { ...process.env, NO_COLOR: '1' } });
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

export function parseRun(outcome: Outcome): RunDocument {
  return JSON.parse(outcome.stdout) as RunDocument;
}
