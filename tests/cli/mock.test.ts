/** The command line on the mock host: exact numbers, exit codes, files, interruption. */

import { readdirSync, readFileSync } from 'node:fs';
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

  it('takes the samples that it fixes, unless a budget is given', async () => {
    const args = ['suite', 'peers-webgpu', '--kernel', 'wasm-flash', '--format', 'json', ...MOCK];
    expect(parseRun(await bench(args)).context.settings?.samples).toBe(7);
    expect(parseRun(await bench([...args, '--budget', '2'])).context.settings?.samples).toBeNull();
  });
});
