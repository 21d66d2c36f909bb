/** bench compare on runs of the mock host: what it says, and runs by name. */

import { mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { measured, runOf } from '../runs.ts';
import { bench, temporaryFolder } from './bench.ts';

/** One head: the oracle, in this process, takes longest. */
const ONE_HEAD = ['--heads', '1', '--batch', '1'];

describe('bench compare', () => {
  const run = async (rate: string, seq: string) => {
    const path = join(temporaryFolder(), 'run.json');
    const mock = [
      '--host',
      `mock:rate=${rate},jitter=0.001`,
      '--kernel',
      'wasm-flash',
      '--format',
      'json',
      '--output',
      path,
    ];
    const processes = ['--samples', '20', '--processes', '5'];
    await bench(['mha', '--seq', seq, '--causal', 'false', ...processes, ...mock, ...ONE_HEAD]);
    return path;
  };

  it('shows the name of a file as text, whatever it steers', async () => {
    const cwd = temporaryFolder();
    const name = 'a\u001b[31m.json';
    writeFileSync(join(cwd, name), JSON.stringify(runOf([measured({ seqQuery: 512 })])));
    const { code, stdout, stderr } = await bench(['compare', name, `./${name}`], cwd);
    expect(code).toBe(0);
    expect(stdout).toContain('before  a\\u001b[31m.json');
    expect(stdout + stderr).not.toContain('\u001b');
  });

  it('says faster or slower with the ratio and its interval, and exits with 1 where a case is slower', async () => {
    const [fast, slow, short] = [await run('1e11', '1k'), await run('8e10', '1k'), await run('1e11', '512')];
    const slower = await bench(['compare', fast, slow]);
    expect(slower.code).toBe(1);
    expect(slower.stdout).toMatch(
      /^wasm-flash +full +1k +100 GFLOPS +80\.0 GFLOPS +1\.25x slower \[1\.25, 1\.25\] +slower/m,
    );
    expect(slower.stdout.trimEnd().split('─\n').at(-1)?.replaceAll('\n', ' ')).toBe(
      `Against ${fast}, ${slow} is slower in the one point, by 1.25x (wasm-flash, 1k full, 1 head, d 128).`,
    );
    const faster = await bench(['compare', slow, fast, '--format', 'json']);
    expect(faster.code).toBe(0);
    expect(JSON.parse(faster.stdout)).toMatchObject([{ verdict: 'faster', caveats: [] }]);
    const nothing = await bench(['compare', fast, short]);
    expect(nothing.code).toBe(2);
    expect(nothing.stderr).toMatch(/measured no kernel at the same workload/);
    expect((await bench(['compare', fast, '/no/such/file'])).code).toBe(2);
  });
});

describe('runs by name', () => {
  it('are the newest of the folder and those before it, the older one compared first in either order', async () => {
    const cwd = temporaryFolder();
    const args = [
      '--kernel',
      'wasm-flash',
      '--causal',
      'false',
      '--samples',
      '20',
      '--processes',
      '5',
      '--quiet',
      '--no-chart',
      ...ONE_HEAD,
    ];
    for (const rate of ['1e11', '5e10']) {
      const label = ['--label', rate, '--results', rate];
      await bench(['mha', '--seq', '1k', '--host', `mock:rate=${rate},jitter=0.001`, ...args, ...label], cwd);
    }
    const [older = '', newer = ''] = ['1e11', '5e10'].map((folder) => {
      const [name = ''] = readdirSync(join(cwd, folder));
      return readFileSync(join(cwd, folder, name), 'utf8');
    });
    mkdirSync(join(cwd, 'runs'));
    // An empty record is no run, and the time of a file says how old it is.
    const files = [older, newer, newer.split('\n')[0] ?? ''];
    for (const [index, text] of files.entries()) {
      const path = join(cwd, 'runs', `${index}.jsonl`);
      writeFileSync(path, text);
      utimesSync(path, 1000 + index, 1000 + index);
    }
    for (const names of [
      ['last', 'last~1'],
      ['last~1', 'last'],
    ]) {
      const { code, stdout } = await bench(['compare', ...names, '--results', 'runs'], cwd);
      expect(code).toBe(1);
      expect(stdout).toContain('Against 0.jsonl, 1.jsonl is slower in the one point, by 2.00x');
    }
    const missing = await bench(['compare', 'last', 'last~2', '--results', 'runs'], cwd);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('2 runs with a measurement, too few')]);
  });
});
