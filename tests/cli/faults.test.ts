/** What goes wrong around a run: closed pipes, a full disk, a deleted folder, a clock that jumps, damaged files of its own. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { faultyChild } from '../host/faulty-child.ts';
import { bench, journalLines, LAUNCHER, temporaryFolder } from './bench.ts';

const RUN = ['mha', '--seq', '64,128', '--batch', '1', '--heads', '1', '--samples', '1', '--budget', '1', '--kernel'];
const MOCK = [...RUN, 'wasm-flash,scalar-flash', '--host', 'mock:rate=1e12,sleep=0.001', '--no-chart'];
const linux = it.skipIf(process.platform !== 'linux');

/** Runs the binary and closes one of its pipes after the first words in it; the exit code and what came. */
async function closing(which: 'stdout' | 'stderr', args: readonly string[], cwd: string) {
  const env = { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined };
  const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  child[which].once('data', () => child[which].destroy());
  let other = '';
  child[which === 'stdout' ? 'stderr' : 'stdout'].on('data', (chunk: Buffer) => {
    other += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, other };
}

describe('a run goes on', () => {
  it.each(['stdout', 'stderr'] as const)('where the reader of %s has left, and keeps every point', async (which) => {
    const cwd = temporaryFolder();
    const { code, other } = await closing(which, [...MOCK, '--format', 'jsonl'], cwd);
    expect(code).toBe(0);
    expect(other).not.toContain('    at ');
    expect(journalLines(cwd)).toHaveLength(9);
  });

  linux('where stdout is on a full disk, says so in one line, and ends with 1', async () => {
    const cwd = temporaryFolder();
    const child = spawn(process.execPath, [LAUNCHER, ...MOCK, '--quiet'], {
      cwd,
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect(code).toBe(1);
    expect(stderr.match(/The output cannot be written \(ENOSPC\)/g)).toHaveLength(1);
    expect(journalLines(cwd)).toHaveLength(9);
  });

  it('where the folder of its record was deleted: the record is made anew', async () => {
    const cwd = temporaryFolder();
    let deleted = false;
    const { code } = await bench(MOCK, cwd, (stderr) => {
      if (deleted || !stderr.includes('wasm-flash, 64 causal')) return;
      deleted = true;
      rmSync(join(cwd, 'results'), { recursive: true });
    });
    expect(code).toBe(0);
    expect(deleted).toBe(true);
    expect(journalLines(cwd)).toHaveLength(9);
  });

  it('where its record can no longer be written: one line, the table, exit code 1', async () => {
    const cwd = temporaryFolder();
    let deleted = false;
    const { code, stdout, stderr } = await bench([...MOCK, '--quiet'], cwd, () => {});
    expect(code).toBe(0);
    const again = await bench(MOCK, cwd, (text) => {
      if (deleted || !text.includes('wasm-flash, 64 causal')) return;
      deleted = true;
      rmSync(join(cwd, 'results'), { recursive: true });
      writeFileSync(join(cwd, 'results'), 'a file');
    });
    expect(again.code).toBe(1);
    expect(again.stderr.match(/^The record '.*' cannot be written \(ENOTDIR\)/gm)).toHaveLength(1);
    expect(again.stdout.split('\n').filter((line) => line.startsWith('scalar-flash'))).toHaveLength(4);
    expect(stdout + stderr).not.toContain('cannot be written');
  });

  it.each([
    [
      'opens',
      "message.backend === 'wasm'",
      /^Skipped: wasm-flash \(every workload\): the process that ran it ended \(signal SIGKILL\)/m,
      ['measured', 'skipped'],
    ],
    [
      'looks for its limit',
      // Only the first of the children, as what it leaves shows to the others.
      "message.method === 'run' && !existsSync('killed') && (writeFileSync('killed', ''), true)",
      /^No limit was found for .* \(the process that ran it ended \(signal SIGKILL\)/m,
      ['measured', 'measured'],
    ],
  ])('where a child is killed while it %s', async (_, when, said, states) => {
    const cwd = temporaryFolder();
    const { nodeOptions } = faultyChild(
      `if (${when}) process.kill(process.pid, 'SIGKILL');`,
      "import { existsSync, writeFileSync } from 'node:fs';",
    );
    const args = [...RUN, 'wasm-flash,scalar-flash', '--causal', 'false', '--variant', 'simd', '--no-chart'];
    const { code, stdout, stderr } = await bench(args, cwd, () => {}, { NODE_OPTIONS: nodeOptions });
    expect(code).toBe(0);
    expect(stdout + stderr).toMatch(said);
    const points = journalLines(cwd).slice(1) as { kernel: string; state: string }[];
    expect(points.map(({ state }) => state).sort()).toEqual([...states, ...states].sort());
    expect(points.every(({ kernel, state }) => kernel === 'wasm-flash' || state === 'measured')).toBe(true);
  });

  it.each([
    ['and again begun', 'number === 2', [0, 1, 2], /^(?!.*gave no sample)/s],
    [
      'and so is the one in its place',
      'number === 2 || number === 3',
      [0, 2],
      /^scalar-flash gave no sample in process 2/m,
    ],
  ])('where a further process of a point is killed %s', async (_, which, processes, said) => {
    const cwd = temporaryFolder();
    const { nodeOptions } = faultyChild(
      `if (message.backend !== undefined) {
         appendFileSync('children', 'x');
         number = readFileSync('children').length;
       }
       if (message.method === 'run' && (${which})) process.kill(process.pid, 'SIGKILL');`,
      "import { appendFileSync, readFileSync } from 'node:fs'; let number = 0;",
    );
    const args = [...RUN, 'scalar-flash', '--causal', 'false', '--samples', '6', '--processes', '3', '--no-chart'];
    const { code, stderr } = await bench(args, cwd, () => {}, { NODE_OPTIONS: nodeOptions });
    expect(code).toBe(0);
    expect(stderr).toMatch(said);
    const points = journalLines(cwd).slice(1) as { state: string; samples: { process: number }[] }[];
    const found = points.map(({ state, samples }) => [state, [...new Set(samples.map(({ process }) => process))]]);
    expect(found).toEqual([
      ['measured', processes],
      ['measured', [0, 1, 2]],
    ]);
  });

  it('where another began in the same second and in the same folder: both keep all points and their charts', async () => {
    const cwd = temporaryFolder();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2026, 0, 1) });
    try {
      const args = MOCK.filter((arg) => arg !== '--no-chart');
      expect([(await bench(args, cwd)).code, (await bench(args, cwd)).code]).toEqual([0, 0]);
    } finally {
      vi.useRealTimers();
    }
    const names = readdirSync(join(cwd, 'results', 'runs'));
    expect(names.filter((name) => name.endsWith('.svg'))).toHaveLength(2);
    const journals = names.filter((name) => name.endsWith('.jsonl'));
    expect(journals).toHaveLength(2);
    for (const name of journals) {
      expect(
        readFileSync(join(cwd, 'results', 'runs', name), 'utf8')
          .trim()
          .split('\n'),
      ).toHaveLength(9);
    }
  });

  it('where the clock of the day jumps back and forth', async () => {
    const cwd = temporaryFolder();
    let calls = 0;
    const jumping = vi.spyOn(Date, 'now').mockImplementation(() => {
      calls += 1;
      return 1.7e12 + (calls % 2 === 0 ? 1e9 : -1e9);
    });
    const { code } = await bench([...MOCK, '--format', 'json'], cwd).finally(() => jumping.mockRestore());
    expect(code).toBe(0);
    const points = journalLines(cwd).slice(1) as { samples: { seconds: number }[] }[];
    for (const { samples } of points) expect(samples.every(({ seconds }) => seconds > 0)).toBe(true);
  });

  it('where what bench tune kept is damaged: a line, and the shipped configurations', async () => {
    const cwd = temporaryFolder();
    const variables = { XDG_CACHE_HOME: cwd, LOCALAPPDATA: cwd, HOME: cwd };
    const { cacheFolder } = await import('../../src/host/node/cache-folder.ts');
    vi.stubEnv('XDG_CACHE_HOME', cwd);
    const tiles = join(cacheFolder(), 'tiles');
    vi.unstubAllEnvs();
    if (!tiles.startsWith(cwd)) return;
    mkdirSync(tiles, { recursive: true });
    writeFileSync(join(tiles, 'tuned.json'), '{');
    const { code, stderr } = await bench(MOCK, cwd, () => {}, variables);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^'.*tuned\.json'.* is damaged: .*The shipped configurations are used\.$/m);
  });

  linux.each(['/nowhere', '/proc'])('without a home, and with %s for temporary files', async (folder) => {
    const cwd = temporaryFolder();
    const env = { HOME: folder, TMPDIR: folder, NO_COLOR: '1' };
    const args = [...RUN, 'scalar-flash', '--no-chart'];
    const child = spawn(process.execPath, [LAUNCHER, ...args], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] });
    let stderr = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr += chunk.toString();
    });
    const [code] = (await once(child, 'close')) as [number | null];
    expect({ code, trace: stderr.includes('    at ') }).toEqual({ code: 0, trace: false });
    expect(journalLines(cwd)).toHaveLength(5);
  });
});

describe('a command says in one line', () => {
  it.each([
    ['that a folder is no output', ['--dry-run', '--output', '.'], 'EISDIR'],
    ['that the disk of the output is full', ['--dry-run', '--output', '/dev/full'], 'ENOSPC'],
    ['that a name is too long', ['--output', 'x'.repeat(400)], 'ENAMETOOLONG'],
    ['what the mock host knows', ['--host', 'mock:foo'], "'foo'"],
    ['a value with a line feed in it', ['--seq', '1k\nfoo\u001b[31m'], '1k\\u000afoo\\u001b[31m'],
  ])('%s', async (_, args, said) => {
    if (args.includes('/dev/full') && !existsSync('/dev/full')) return;
    const cwd = temporaryFolder();
    const { code, stdout, stderr } = await bench(['mha', '--seq', '64', ...args], cwd);
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain(said);
    expect(stdout).toBe('');
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('that a value holds a byte which no name can', async () => {
    const { code, stderr } = await bench(['mha', '--seq', '64', '--output', 'a\u0000b'], temporaryFolder());
    expect(code).toBe(2);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

it('takes no empty file and no dangling link for the newest run', async () => {
  const cwd = temporaryFolder();
  expect((await bench(MOCK, cwd)).code).toBe(0);
  const runs = join(cwd, 'results', 'runs');
  writeFileSync(join(runs, 'zero.jsonl'), '');
  symlinkSync('/nowhere/at/all', join(runs, 'dangling.jsonl'));
  const { code } = await bench(['report', '--output', 'report.html'], cwd);
  expect(code).toBe(0);
  expect(readFileSync(join(cwd, 'report.html'), 'utf8')).toContain('wasm-flash');
});
