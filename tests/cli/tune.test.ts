/** bench tune and what it leaves: a search that continues, configurations that are used, and files that are none. */

import { globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EXPERIMENTAL, findKernel, KERNELS } from '../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../kernels/typical-device.ts';
import { cacheFolder } from '../../src/host/node/cache-folder.ts';
import { parseSearch, type Search } from '../../src/measure/search-record.ts';
import { bench, parseRun, temporaryFolder } from './bench.ts';

const MOCK = ['--host', 'mock:rate=1e11', '--quiet'];
const TUNE = ['tune', '--backend', 'wasm', '--causal', 'false', ...MOCK];
/** A search of bench tune, stored by a version that knew one kernel a search. */
const EXAMPLE = readFileSync(new URL('../../results/examples/tune.json', import.meta.url), 'utf8');
const home = temporaryFolder();
const before = { HOME: process.env['HOME'], XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] };

// The cache of these tests is not that of whoever runs them.
beforeAll(() => {
  process.env['HOME'] = home;
  process.env['XDG_CACHE_HOME'] = join(home, 'cache');
});
afterAll(() => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

/** A file of one configuration for the mock device. */
function configurationsFile(changes: Record<string, unknown>, own: Record<string, unknown> = {}): string {
  const shipped = findKernel('wasm-flash').tunable?.shipped({ headDim: 128 } as never, TYPICAL_DEVICE);
  const entry = {
    ...{ kernel: 'wasm-flash', device: 'Mock device', variant: null, headDim: 128, mask: 'full', dtype: 'f32' },
    ...{ tile: { ...shipped, ...changes }, ratio: 1.1, low: 1.05, high: 1.2, date: '2026-11-24' },
    ...own,
  };
  const path = join(temporaryFolder(), 'tiles.json');
  writeFileSync(path, JSON.stringify({ tiles: [entry] }));
  return path;
}

/** Trials of the search at a head dimension that lie in the cache. */
function keptTrials(headDim: number): number {
  const files = globSync('**/*.json', { cwd: home }).map((file) => readFileSync(join(home, file), 'utf8'));
  const searches = files.map((text) => JSON.parse(text) as { headDim?: number; trials?: object[] });
  return searches.find((search) => search.headDim === headDim)?.trials?.length ?? 0;
}

describe('bench tune', () => {
  it('finds nothing better where all configurations are alike, and leaves its record and chart', async () => {
    const cwd = temporaryFolder();
    const { code, stdout, stderr } = await bench([...TUNE, '--budget', '1'], cwd);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /No better configuration found beyond the noise: the best is 1\.00x faster \[1\.00, 1\.00\] than the\s+default one/,
    );
    const [, record = '', chart = ''] = /Record: (\S+\.json)\nChart: {2}(\S+\.svg)/.exec(stderr) ?? [];
    const search = JSON.parse(readFileSync(join(cwd, record), 'utf8')) as {
      candidates: object[];
      trials: { rung: number }[];
    };
    // However slow the machine: one candidate meets the shipped one, and the best has its last paired comparisons.
    expect(search.trials.map(({ rung }) => rung)).toEqual(expect.arrayContaining([0, 2]));
    expect(search.candidates.length).toBeGreaterThan(100);
    expect(readFileSync(join(cwd, chart), 'utf8')).toContain('No better configuration found');
    expect((await bench(['mha', '--seq', '1k', '--kernel', 'wasm-flash', ...MOCK], cwd)).stderr).not.toMatch(/tuned/);
  });

  it('continues after an interruption', async () => {
    const cwd = temporaryFolder();
    // Runs that sleep let timers in between.
    const slow = ['--host', 'mock:rate=1e11,sleep=0.01', '--head-dim', '64', '--budget', '600'];
    const args = ['tune', '--backend', 'wasm', '--causal', 'false', ...slow];
    const watch = setInterval(() => {
      if (keptTrials(64) < 2) return;
      clearInterval(watch);
      process.emit('SIGINT');
    }, 1);
    const first = await bench(args, cwd);
    clearInterval(watch);
    expect(first.code).toBe(130);
    expect(first.stdout).toMatch(/the next bench tune continues/);
    const tried = Number(/: (\d+) of \d+ candidates tested/.exec(first.stdout)?.[1]);
    expect(tried).toBeGreaterThan(0);
    const second = await bench([...args, '--budget', '1'], cwd);
    expect(second.code).toBe(0);
    expect(Number(/Continuing a search of (\d+) trials/.exec(second.stderr)?.[1])).toBeGreaterThanOrEqual(tried);
  });

  it('says what it pruned and why, and keeps the whole list', async () => {
    const cwd = temporaryFolder();
    const args = ['tune', '--kernel', 'wgsl-flash', '--causal', 'false', '--head-dim', '32', '--budget', '1', ...MOCK];
    const { code, stdout } = await bench(args, cwd);
    expect(code).toBe(0);
    const [file = ''] = globSync('results/runs/tune-wgsl-flash-d32-full-*.json', { cwd });
    const { pruned, candidates } = parseSearch(JSON.parse(readFileSync(join(cwd, file), 'utf8'))) as Search;
    expect(pruned.length).toBeGreaterThan(1);
    for (const { kernel, reason, fields, configurations } of pruned) {
      expect(fields).toEqual(Object.keys(candidates[0] ?? {}));
      expect(configurations.every((values) => values.length === fields.length)).toBe(true);
      expect(stdout).toContain(`${kernel}: ${configurations.length.toLocaleString('en-US')} pruned: ${reason}.`);
    }
    expect(stdout).toContain(`of ${candidates.length.toLocaleString('en-US')} candidates tested`);
  });

  it('searches among all kernels of a GPU that run the workload, and says why one is left out', async () => {
    const cwd = temporaryFolder();
    const args = ['tune', '--backend', 'webgpu', '--dtype', 'f16', '--causal', 'false', '--head-dim', '64', '--quiet'];
    const tune = (host: string) => bench([...args, '--budget', '1', '--host', host], cwd);
    const { code, stdout } = await tune('mock:rate=1e11,matrices=yes');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^wgsl-flash and wgsl-matrix, head dimension 64, full mask, f16, on Mock device: /);
    expect(stdout).toMatch(/^wgsl-matrix: \d+ pruned: more than 32\.0 KiB of workgroup memory\.$/m);
    const [file = ''] = globSync('results/runs/tune-wgsl-flash-and-wgsl-matrix-d64-full-*.json', { cwd });
    const { kernel, alternatives, trials } = parseSearch(JSON.parse(readFileSync(join(cwd, file), 'utf8'))) as Search;
    expect([kernel, ...alternatives.map((other) => other.kernel)]).toEqual(['wgsl-flash', 'wgsl-matrix']);
    // The other kernel as it is shipped comes first.
    expect(trials[0]).toMatchObject({ rung: 0, kernel: 'wgsl-matrix', tile: alternatives[0]?.shipped });
    expect((await tune('mock:rate=1e11')).stdout).toMatch(
      /^wgsl-matrix is left out: this kernel needs subgroup matrices/m,
    );
  });

  it('names the kernels that have configurations in its help', async () => {
    const tunable = [...KERNELS, ...EXPERIMENTAL].filter((kernel) => kernel.tunable !== undefined);
    const { stdout } = await bench(['tune', '--help']);
    const [, listed = ''] = /search among these only: ([^(]*)\(/.exec(stdout) ?? [];
    expect(listed.match(/[a-z]\w*-[a-z]+/g)?.sort()).toEqual(tunable.map(({ name }) => name).sort());
  });

  it.each([
    ['wgsl-naive', /^--kernel: wgsl-naive has no configurations to choose from here; choose wgsl-flash, /],
    ['wgsl-flash,wasm-flash', /^--kernel: bench tune compares kernels on one device/],
    ['wgsl-flsh', /^--kernel: 'wgsl-flsh' is not known; did you mean 'wgsl-flash'/],
  ])('--kernel %s: one line, exit code 2', async (names, line) => {
    const { code, stderr } = await bench(['tune', '--kernel', names, ...MOCK]);
    expect(code).toBe(2);
    expect(stderr).toMatch(line);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('tells a damaged cache before it searches', async () => {
    const { XDG_CACHE_HOME: cache } = process.env;
    process.env['XDG_CACHE_HOME'] = temporaryFolder();
    try {
      const folder = join(cacheFolder(), 'tiles');
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'tuned.json'), '{"tiles": [');
      const { code, stderr } = await bench(TUNE);
      expect(code).toBe(2);
      expect(stderr).toMatch(/tuned\.json', which keeps what bench tune found, is damaged: .*; delete it/);
    } finally {
      process.env['XDG_CACHE_HOME'] = cache;
    }
  });

  it('says that few query rows have nothing to choose', async () => {
    const { code, stderr } = await bench([
      'tune',
      '--backend',
      'wasm',
      '--seq',
      '1',
      '--seq-kv',
      '4k',
      '--causal',
      'true',
      ...MOCK,
    ]);
    expect(stderr).toMatch(/wasm-flash, 1 x 4k causal, 16 heads, d 128.*: few query rows have a program of their own/);
    expect(code).toBe(1);
  });

  it('takes one length', async () => {
    const { code, stderr } = await bench(['tune', '--seq', '1k,2k', ...MOCK]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'bench tune searches once for each head dimension and mask; give one --seq, --batch, --heads and --kv-heads\n',
    });
  });

  it('says why nothing could be tuned', async () => {
    const { code, stdout, stderr } = await bench([
      'tune',
      '--backend',
      'wasm',
      '--host',
      'mock:rate=1e11,wasm=wrong',
      '--quiet',
      '--budget',
      '1',
      '--causal',
      'false',
      '--head-dim',
      '32',
    ]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    const [why, next] = stderr.trim().split('\n');
    expect(why).toMatch(/^wasm-flash, 1k full, .*: failed, wrong result/);
    expect(next).toMatch(/no kernel gives a right result in its default configuration/);
  });
});

describe('configurations from a file', () => {
  const mha = (...args: string[]) =>
    bench([
      'mha',
      '--seq',
      '1k',
      '--kernel',
      'wasm-flash',
      '--causal',
      'false',
      '--format',
      'json',
      '--host',
      'mock:rate=1e11',
      ...args,
    ]);

  it('are used and told, and --tiles default leaves them', async () => {
    const path = configurationsFile({ rows: 4, blockRows: 96 });
    const [tuned, shipped] = [await mha('--tiles', path), await mha('--tiles', 'default')];
    expect(tuned.stderr).toMatch(
      /uses the configuration tuned for this device on 2026-11-24 at head dimension 128, full mask/,
    );
    const hash = (outcome: typeof tuned) => parseRun(outcome).measurements[0]?.kernelHash;
    expect(hash(tuned)).not.toBe(hash(shipped));
    expect(shipped.stderr).not.toMatch(/tuned/);
  });

  it('are those of the window and of capped scores, never of others', async () => {
    const changes = { rows: 4, blockRows: 96 };
    const plain = configurationsFile(changes);
    const own = configurationsFile(changes, { mask: 'full (window 128, soft-cap)' });
    const asked = ['--window', '128', '--softcap', '20', '--heads', '1', '--batch', '1'];
    const [shipped, other, tuned] = [
      await mha(...asked, '--tiles', 'default'),
      await mha(...asked, '--tiles', plain),
      await mha(...asked, '--tiles', own),
    ];
    const hash = (outcome: typeof tuned) => parseRun(outcome).measurements[0]?.kernelHash;
    expect(hash(other)).toBe(hash(shipped));
    expect(other.stderr).not.toMatch(/tuned/);
    expect(hash(tuned)).not.toBe(hash(shipped));
    expect(tuned.stderr).toMatch(/at head dimension 128, full \(window 128, soft-cap\) mask/);
  });

  it('that were faster than another kernel say so', async () => {
    const path = configurationsFile({ rows: 4, blockRows: 96 }, { baseline: 'wgsl-flash' });
    expect((await mha('--tiles', path)).stderr).toContain('(1.10x faster than wgsl-flash in its default one)');
  });

  it('are left out beside ablations, which vary the shipped one', async () => {
    const path = configurationsFile({ rows: 4, blockRows: 96 });
    const args = ['mha', '--seq', '1k', '--causal', 'false', '--format', 'json', '--host', 'mock:rate=1e11'];
    const outcome = await bench([...args, '--kernel', 'wasm-flash,wasm-flash-phases', '--tiles', path]);
    expect(outcome.stderr).not.toMatch(/tuned/);
    const hash = (kernel: string, run: typeof outcome) =>
      parseRun(run).measurements.find((m) => m.kernel === kernel)?.kernelHash;
    expect(hash('wasm-flash', outcome)).toBe(hash('wasm-flash', await mha('--tiles', 'default')));
    expect(parseRun(outcome).ratios).toMatchObject([{ kernel: 'wasm-flash-phases', baseline: 'wasm-flash', ratio: 1 }]);
  });

  it('that cannot be built are told, and the shipped one runs', async () => {
    const broken = await mha('--tiles', configurationsFile({ rows: 7 }));
    expect(broken.code).toBe(0);
    expect(broken.stderr).toMatch(/cannot be used \(blockRows \d+ is not a multiple of rows 7\); the default one is/);
    expect(parseRun(broken).measurements[0]?.kernelHash).toBe(
      parseRun(await mha('--tiles', 'default')).measurements[0]?.kernelHash,
    );
  });

  it.each([
    ['not JSON', 'no'],
    ['no tiles', '{"tiles": 3}'],
    ['a configuration without a device', '{"tiles": [{"kernel": "wasm-flash"}]}'],
    ['the record of a search', EXAMPLE],
  ])('%s: one line, exit code 2', async (_, text) => {
    const path = join(temporaryFolder(), 'tiles.json');
    writeFileSync(path, text);
    const { code, stderr } = await mha('--tiles', path, '--quiet');
    expect(code).toBe(2);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('is not a file of configurations');
  });

  it('of a kernel that is not known: one line, exit code 2', async () => {
    const { code, stderr } = await mha('--tiles', configurationsFile({}, { kernel: 'wasm-flsh' }), '--quiet');
    expect(code).toBe(2);
    expect(stderr).toMatch(/^'\S+' is not a file of configurations: no kernel is called 'wasm-flsh'; .*\n$/);
  });

  it('absent: one line, and nothing is left behind', async () => {
    const cwd = temporaryFolder();
    const { code, stderr } = await bench(['mha', '--tiles', 'absent.json', ...MOCK], cwd);
    expect({ code, stderr }).toEqual({ code: 2, stderr: "cannot read 'absent.json' (ENOENT); check the path\n" });
    expect(readdirSync(cwd)).toEqual([]);
  });
});
