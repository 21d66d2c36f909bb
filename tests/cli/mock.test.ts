/** The command line on the mock host: exact numbers, exit codes, files, interruption. */

import { existsSync, mkdirSync, readdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documentSchema } from '../../src/record/measurement.ts';
import { bench, benchBinary, journalLines, parseRun, startBench, temporaryFolder } from './bench.ts';

const MOCK = ['--host', 'mock:rate=1e11'];
/** One head, where a test is about other things: the oracle, in this process, takes longest. */
const ONE_HEAD = ['--heads', '1', '--batch', '1'];

describe('bench mha', () => {
  it('prints one JSON document that its schema accepts, with exact rates and ratios', async () => {
    const outcome = await benchBinary(['mha', '--seq', '4k', '--kernel', 'wasm-flash', '--format', 'json', ...MOCK]);
    expect(outcome.code).toBe(0);
    const run = documentSchema.parse(parseRun(outcome));
    const [full] = run.measurements;
    if (full?.state !== 'measured') throw new Error('not measured');
    expect(full.tflops).toEqual({ median: 0.1, low: 0.1, high: 0.1 });
    expect(full.passSeconds).toBeCloseTo((4 * 8 * 16 * 128 * 4096 ** 2) / 1e11, 6);
    expect(full.samples.length).toBeGreaterThanOrEqual(6);
    const avo = run.comparisons.find((c) => c.measurement === 0 && c.published?.library === 'AVO');
    expect(avo?.ratio).toBeCloseTo(15730, 6);
    expect(avo?.ratioError).toBeCloseTo(15730 * (0.7 / 1573), 3);
    expect(avo?.caveats).toContain('computed in f32, published in BF16');
    // The published causal figure counts half a square; the measured rate is recounted by that rule.
    const causal = run.comparisons.find((c) => c.measurement === 1 && c.published?.library === 'AVO');
    expect(causal?.ratio).toBeCloseTo(13920 * (4097 / 4096), 6);
  });

  it('says where its record and chart are, last, and they are there', async () => {
    const cwd = temporaryFolder();
    const { stderr, stdout } = await bench(['mha', '--seq', '8k', '--kernel', 'scalar-flash', ...MOCK], cwd);
    const [, journal = '', chart = ''] = /^Record: (\S+)\nChart: {2}(\S+)\n$/m.exec(stderr) ?? [];
    expect(stderr.endsWith(`Chart:  ${chart}\n`)).toBe(true);
    expect(readFileSync(join(cwd, chart), 'utf8')).toMatch(/^<svg/);
    const lines = readFileSync(join(cwd, journal), 'utf8').trim().split('\n');
    expect(lines).toHaveLength(3);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ schema: 'attnbench/1', context: { cancelled: false } });
    expect(stdout).toMatch(/scalar-flash {2}full +8k/);
    expect(stdout).toMatch(/16,000x/);
    // The last lines of stdout: a rule, and the finding.
    expect(stdout.trimEnd().split('\n\n').at(-1)).toMatch(
      /^─{100}\nMHA at 8k runs 16,000 times slower here \(scalar-flash, f32, 1 thread, 100 GFLOPS\) than AVO's/,
    );
  });

  it('runs each kernel without a pause where --sustain asks for it, keeps and draws it', async () => {
    const cwd = temporaryFolder();
    const args = ['mha', '--seq', '512', '--causal', 'false', '--kernel', 'wasm-flash', '--sustain', '2', ...ONE_HEAD];
    const { code, stdout, stderr } = await bench([...args, ...MOCK, '--chart', 'rate.svg'], cwd);
    expect(code).toBe(0);
    expect(stderr).toContain('Then the kernel runs by itself for 2 s without a pause');
    // How long two seconds are on a busy machine is not the point.
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
      /burst 100(\.0)? GFLOPS, sustained 100(\.0)? GFLOPS over [\d.]+ s \([+-]0\.0 %\)/,
    );
    expect(readFileSync(join(cwd, 'rate.svg'), 'utf8')).toMatch(/wasm-flash sustains 100.% of its burst over [\d.]+ s/);
    const [measurement] = journalLines(cwd).slice(1);
    const { sustained } = measurement as { sustained: { samples: unknown[]; burst: number } };
    expect(sustained.burst).toBeCloseTo(0.1, 9);
    const again = await bench([...args, ...MOCK, '--sustain', 'long'], cwd);
    expect(again.code).toBe(2);
  });

  it('makes the folders on the way to the files that it was asked for', async () => {
    const cwd = temporaryFolder();
    const args = ['mha', '--seq', '512', '--kernel', 'wasm-flash', '--format', 'csv', ...MOCK, ...ONE_HEAD];
    const { code } = await bench([...args, '--output', 'new/deep/run.csv', '--chart', 'other/chart.svg'], cwd);
    expect(code).toBe(0);
    expect(readFileSync(join(cwd, 'new', 'deep', 'run.csv'), 'utf8')).toMatch(/^measured,wasm-flash/m);
    expect(readFileSync(join(cwd, 'other', 'chart.svg'), 'utf8')).toMatch(/^<svg/);
  });

  it.each([
    ['markdown', /^\| kernel \| mask/m],
    ['csv', /^measured,wasm-flash,wasm,mock,Mock device/m],
    ['jsonl', /^\{"kernel":"wasm-flash"/m],
  ])('writes %s', async (format, pattern) => {
    const args = ['mha', '--seq', '512', '--kernel', 'wasm-flash', '--format', format, ...MOCK, ...ONE_HEAD];
    const { stdout, code } = await bench(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(pattern);
  });

  it('takes the nearest figure, apart from exact ones, where no figure is published', async () => {
    const run = parseRun(await bench(['gqa', '--seq', '1k,4k', '--kernel', 'wasm-flash', '--format', 'json', ...MOCK]));
    const of = (seq: number) =>
      run.comparisons.filter(({ measurement }) => run.measurements[measurement]?.workload.seqQuery === seq);
    expect(of(1024).map(({ kind, published }) => [kind, published?.library, published?.workload.seqKv])).toEqual([
      ['nearest', 'AVO', 4096],
      ['nearest', 'AVO', 4096],
    ]);
    expect(of(1024).every(({ caveats }) => /^nearest published: AVO on B200, 4k /.test(caveats[0] ?? ''))).toBe(true);
    expect(of(4096).map(({ kind, published }) => [kind, published?.workload.kvHeads])).toEqual(
      Array.from({ length: 6 }, () => ['exact', 4]),
    );
  });

  it('keeps the figures of other papers apart from those of the AVO paper', async () => {
    const args = ['mha', '--seq', '4k', '--kernel', 'wasm-flash', '--published', 'all', '--causal', 'false', ...MOCK];
    const { stdout } = await bench([...args, '--format', 'markdown']);
    expect(stdout).toMatch(/slower than cuDNN \| .*slower than cuDNN 9\.13\.0 on B200 \(FA4 paper\)/);
    expect(stdout).toContain('slower than Triton 3.6.0 on B200 (FA4 paper)');
    expect(stdout).toContain('AVO arXiv:2603.24517v1 Fig3; FA4 arXiv:2603.05451v1 Fig4');
    // Where there is room for one column, it is AVO's.
    const narrow = await bench(args);
    expect(narrow.stdout).toMatch(/ than AVO {2}notes$/m);
    expect((await bench([...args, '--wide'])).stdout).toMatch(/Triton 3\.6\.0/);
  });

  it('divides kernels by a baseline, round by round', async () => {
    const run = parseRun(
      await bench([
        'mha',
        '--seq',
        '1k',
        '--backend',
        'scalar',
        '--baseline',
        'scalar-naive',
        '--format',
        'json',
        ...MOCK,
        ...ONE_HEAD,
      ]),
    );
    expect(run.ratios).toHaveLength(2);
    expect(run.ratios[0]).toMatchObject({
      kernel: 'scalar-flash',
      baseline: 'scalar-naive',
      ratio: 1,
      low: 1,
      high: 1,
    });
  });

  it('loses no case to one that fails, and exits with 1', async () => {
    const outcome = await bench(['mha', '--seq', '1k', '--format', 'json', '--host', 'mock:wasm=fail', ...ONE_HEAD]);
    const run = parseRun(outcome);
    expect(outcome.code).toBe(1);
    const states = Object.groupBy(run.measurements, ({ backend, state }) => `${backend} ${state}`);
    expect(Object.keys(states).sort()).toEqual([
      'native measured',
      'scalar measured',
      'wasm failed',
      'webgpu measured',
    ]);
  });

  it('gives a wrong result no throughput', async () => {
    const outcome = await bench([
      'mha',
      '--seq',
      '1k',
      '--kernel',
      'wasm-flash',
      '--format',
      'json',
      '--host',
      'mock:wasm=wrong',
      ...ONE_HEAD,
    ]);
    expect(outcome.code).toBe(1);
    const [m] = parseRun(outcome).measurements;
    expect(m?.state === 'failed' && m.message).toMatch(
      /^wrong result: (\d+) of the \1 rows that ran, row 0 of query head 0/,
    );
  });

  it('skips what does not fit, with the need and the limit in bytes', async () => {
    const outcome = await bench([
      'mha',
      '--seq',
      '1k',
      '--kernel',
      'wasm-flash',
      '--format',
      'json',
      '--host',
      'mock:wasm=memory',
      ...ONE_HEAD,
    ]);
    expect(outcome.code).toBe(1);
    const [m] = parseRun(outcome).measurements;
    expect(m?.state === 'skipped' && m.reason).toMatch(/needs .*\(\d+ bytes\); the limit is 1\.00 KiB \(1024 bytes\)/);
  });

  it('keeps a record free of whose machine it is', async () => {
    const cwd = temporaryFolder();
    await bench(
      ['mha', '--seq', '1k', '--kernel', 'wasm-flash', '--results', join(cwd, 'results', 'runs'), ...MOCK, ...ONE_HEAD],
      cwd,
    );
    const text = JSON.stringify(journalLines(cwd));
    expect(text).toContain('"runs"');
    expect(text).not.toContain(cwd);
  });

  it('shows its plan without measuring or writing', async () => {
    const cwd = temporaryFolder();
    const { stdout, code } = await bench(['mha', '--seq', '32k', '--dry-run'], cwd);
    expect(code).toBe(0);
    expect(stdout).toMatch(/wasm-flash +32k full, 16 heads, d 128 +8\.80 +1\.00 GiB/);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('keeps every finished case when interrupted, and exits with 130', async () => {
    const cwd = temporaryFolder();
    const args = ['mha', '--seq', '1k,2k,4k', '--kernel', 'wasm-flash', '--format', 'json', ...MOCK, ...ONE_HEAD];
    let sent = false;
    const outcome = await bench(args, cwd, (stderr) => {
      if (sent || !stderr.includes('1k causal')) return;
      sent = true;
      process.emit('SIGINT');
    });
    expect(outcome.code).toBe(130);
    const [context, ...cases] = journalLines(cwd);
    expect(context).toMatchObject({ context: { cancelled: true } });
    expect(cases.map(({ state }) => state)).toEqual(['measured', 'measured']);
    expect(parseRun(outcome).context.cancelled).toBe(true);
  });

  it('is interrupted by the signal of a terminal', async () => {
    const cwd = temporaryFolder();
    // Runs that sleep leave seconds in which the signal can come, and no work to a slow machine.
    const args = [
      'mha',
      '--seq',
      '1k,2k,4k',
      '--kernel',
      'wasm-flash',
      '--host',
      'mock:rate=1e9,sleep=0.1',
      ...ONE_HEAD,
    ];
    let sent = false;
    const { code, stderr } = await startBench(args, cwd, (text, pid) => {
      if (sent || !text.includes('1k full')) return;
      sent = true;
      process.kill(pid, 'SIGINT');
    });
    expect(code).toBe(130);
    expect(stderr).toContain('press Ctrl-C again');
    expect(journalLines(cwd)[0]).toMatchObject({ context: { cancelled: true } });
  });

  it('does not wait for a run that takes an hour when it is interrupted', async () => {
    const cwd = temporaryFolder();
    const args = ['mha', '--seq', '1k', '--kernel', 'wasm-flash', '--host', 'mock:sleep=3600', ...ONE_HEAD];
    let sent = false;
    const { code, stderr } = await startBench([...args, '--chart', 'why.png'], cwd, (text, pid) => {
      if (sent || !text.includes('workload')) return;
      sent = true;
      process.kill(pid, 'SIGINT');
    });
    expect(code).toBe(130);
    expect(journalLines(cwd)).toHaveLength(1);
    // Nothing was measured: a line in place of an empty chart.
    expect(stderr).toContain('No chart: Nothing was measured');
    expect(stderr).not.toContain('Chart:');
    expect(readdirSync(cwd, { recursive: true }).filter((name) => /\.(svg|png)$/.test(String(name)))).toEqual([]);
  });
});

it('says why a chart that was asked for is not drawn, and draws the other', async () => {
  const cwd = temporaryFolder();
  const { code, stderr } = await bench(['mha', '--seq', '1k', ...MOCK, ...ONE_HEAD, '--chart', 'scaling.svg'], cwd);
  expect(code).toBe(0);
  expect(stderr).toContain('No chart: Throughput against length needs two lengths or more');
  expect(readdirSync(cwd)).toEqual(['results']);
});

describe('bench suite', () => {
  it("runs the report's figure", async () => {
    const run = parseRun(
      await bench(['suite', 'figure-mha', '--kernel', 'wasm-flash', '--format', 'json', '--budget', '2', ...MOCK]),
    );
    expect(run.measurements).toHaveLength(8);
    expect(run.comparisons).toHaveLength(24);
  });
});

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

describe('bad input', () => {
  it.each([
    [['--seq', 'banana'], "'banana' is not a size"],
    [['--seq', '0'], 'smallest value, 1'],
    [['--seq', '-1'], 'smallest value, 1'],
    [['--seq', '9999999999k'], 'largest value, 16384k'],
    [['--heads', '30', '--kv-heads', '4'], 'nearest: --heads 28 or 32'],
    [['--head-dim', '0'], 'a whole number from 1 to 576'],
    [['--kernel', 'wasm-flsh'], "did you mean 'wasm-flash'?"],
    [['--causal', 'maybe'], "--causal: 'maybe' is not known; choose one of both, true, false"],
    [['--nonsense'], "unknown option '--nonsense'; bench mha --help lists the options"],
    [['--chart', 'x.gif', '--dry-run'], "'x.gif' has no known extension"],
    [['--backend', 'cuda'], "'cuda' is not known"],
    [['--sek', '1k'], 'Did you mean --seq?'],
    [['--budget', 'soon'], "--budget: 'soon' is not a number"],
    [['--chart', 'figure.gif'], 'use .svg, .png, .html or .vl.json'],
    [['--results', '/proc/nowhere'], "cannot write to '/proc/nowhere'"],
    [['--output', '/proc/nowhere/out.json'], "cannot write to '/proc/nowhere/out.json'"],
    [['--kernel', 'wasm-flash', '--backend', 'scalar'], 'does not run on --backend scalar'],
    [['--host', 'mock:nonsense'], "the mock host does not know 'nonsense'; write for example mock:rate=1e9"],
    [['--host', 'mock:rate=fast'], "does not know 'rate=fast'"],
    [['--limits', 'maxBuffer=3'], "did you mean 'maxBufferSize'?"],
  ])('answers %j in one line with exit code 2 and writes nothing', async (args, message) => {
    const cwd = temporaryFolder();
    const { code, stdout, stderr } = await bench(['mha', ...args], cwd);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(existsSync(join(cwd, 'results'))).toBe(false);
  });

  it('names the nearest suite, kernel and command', async () => {
    expect((await bench(['suite', 'figure-mah'])).stderr).toContain("did you mean 'figure-mha'?");
    expect((await bench(['show', 'wgsl-flsh'])).stderr).toContain("did you mean 'wgsl-flash'?");
    expect(await benchBinary(['mah'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Did you mean mha?') as string,
    });
  });
});

describe('listings', () => {
  it('lists kernels, figures and claims', async () => {
    expect((await bench(['kernels'])).stdout).toMatch(/^wasm-flash +wasm/m);
    const { stdout } = await bench(['published']);
    expect(stdout).toMatch(
      /^B200, MHA, 16 heads, d 128, BF16, TFLOPS as printed\nAVO arXiv[\s\S]*?^AVO paper v1 +full .* 1668 ± 18\.6$/m,
    );
    expect(stdout).toMatch(/^mha-vs-fa4: at most \+10\.5 %\n.*\n {2}configuration {2}causal, sequence length 4k$/m);
    expect(stdout).toContain('"The report" is a Chinese securities weekly of 8 April 2026');
    const { claims } = JSON.parse((await bench(['published', '--format', 'json'])).stdout) as { claims: object[] };
    for (const claim of claims) expect(claim).toHaveProperty('state');
  });

  it("shows the evolution of AVO's kernel as text, JSON and a chart", async () => {
    const cwd = temporaryFolder();
    const args = ['published', '--figure', 'evolution'];
    const { stdout, stderr } = await bench([...args, '--chart', 'evolution.svg'], cwd);
    expect(stderr).toBe('Chart: evolution.svg\n');
    expect(readFileSync(join(cwd, 'evolution.svg'), 'utf8')).toContain('single-pass softmax');
    expect(stdout).toMatch(
      /^branch-free rescaling +19 to 20 +full +\+6\.1 % +\+7\.0 % +\+8\.6 % +\+10\.8 % +\+8\.1 % +\+8\.1 %$/m,
    );
    const { versions, gains } = JSON.parse((await bench([...args, '--format', 'json'])).stdout) as Record<
      string,
      object[]
    >;
    expect([versions?.length, gains?.length]).toEqual([28, 6]);
    expect((await bench(['published', '--figure', 'evolutoin'])).stderr).toContain("did you mean 'evolution'");
  });

  it('shows error bars beside the times of passes as text, JSON and a chart', async () => {
    const cwd = temporaryFolder();
    const args = ['published', '--figure', 'bursts'];
    const { stdout, stderr } = await bench([...args, '--chart', 'bursts.svg'], cwd);
    expect(stderr).toBe('Chart: bursts.svg\n');
    expect(readFileSync(join(cwd, 'bursts.svg'), 'utf8')).toContain('time per pass, ms');
    expect(stdout).toMatch(/^ +5\.27 ms +± 18\.6 +1668 +AVO +16 heads +full +32k$/m);
    expect(JSON.parse((await bench([...args, '--format', 'json'])).stdout)).toHaveLength(72);
  });

  it('shows source text that names its algorithm', async () => {
    expect((await bench(['show', 'wgsl-flash', '--head-dim', '64'])).stdout).toContain('online');
    expect((await bench(['show', 'wasm-flash'])).stdout).toMatch(/^\(module/m);
    expect((await bench(['show', 'ort-wasm'])).stdout).toContain('kernels/peers/ort-model.ts');
    const alibi = await bench(['show', 'wgsl-flash', '--alibi']);
    expect(alibi).toMatchObject({ code: 2, stdout: '' });
    expect(alibi.stderr).toMatch(/^wgsl-flash has no text for this: this kernel has no ALiBi; choose scalar-flash/);
    expect((await bench(['show', 'wgsl-matrix'])).stdout).toContain('subgroupMatrixMultiplyAccumulate');
  });
});
