/** bench repro: a record measured again on the mock host, compared with itself, and what cannot be repeated. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { RunDifference } from '../../src/compare/runs.ts';
import type { RunDocument } from '../../src/record/measurement.ts';
import { bench, temporaryFolder } from './bench.ts';

const SHAPE = ['--seq', '256,512', '--heads', '2', '--batch', '1', '--kernel', 'wasm-flash,scalar-flash'];

/** A folder with `run.json`, made by the mock host. */
async function recorded(...more: string[]): Promise<{ cwd: string; run: RunDocument }> {
  const cwd = temporaryFolder();
  const args = ['mha', ...SHAPE, '--host', 'mock:rate=1e11', '--format', 'json', '--output', 'run.json', ...more];
  expect((await bench(args, cwd)).code).toBe(0);
  return { cwd, run: JSON.parse(readFileSync(join(cwd, 'run.json'), 'utf8')) as RunDocument };
}

interface Answer {
  differences: RunDifference[];
  environment: string[];
  missing: string[];
}

describe('bench repro', () => {
  let shared: ReturnType<typeof recorded> | undefined;

  it('measures every case again and finds the same', async () => {
    const { cwd, run } = await recorded('--samples', '7', '--seed', '5', '--causal', 'true');
    const { code, stdout } = await bench(['repro', 'run.json', '--format', 'json'], cwd);
    expect(code).toBe(0);
    const { differences, environment, missing } = JSON.parse(stdout) as Answer;
    expect(missing).toEqual([]);
    expect(environment).toEqual([]);
    expect(differences.map(({ after }) => [after.kernel, after.workload])).toEqual(
      run.measurements.map(({ kernel, workload }) => [kernel, workload]),
    );
    for (const { verdict, ratio, after, caveats } of differences) {
      expect({ verdict, ratio, caveats }).toEqual({ verdict: 'same', ratio: 1, caveats: [] });
      expect(after.samples).toHaveLength(7);
    }
    const journals = readdirSync(join(cwd, 'results', 'runs')).filter((name) => /^repro-.*\.jsonl$/.test(name));
    const [head = ''] = readFileSync(join(cwd, 'results', 'runs', journals[0] ?? ''), 'utf8').split('\n');
    expect((JSON.parse(head) as RunDocument).context.seed).toBe(5);
  });

  it('says slower with exit code 1, faster with 0, and takes one kernel of the record', async () => {
    const { cwd } = await recorded();
    const slower = await bench(['repro', 'run.json', '--host', 'mock:rate=5e10'], cwd);
    expect(slower.code).toBe(1);
    expect(slower.stdout.match(/2\.00x slower \[2\.00, 2\.00\] {2}slower/g)).toHaveLength(8);
    const faster = await bench(['repro', 'run.json', '--host', 'mock:rate=2e11', '--kernel', 'wasm-flash'], cwd);
    expect(faster.code).toBe(0);
    expect(faster.stdout.match(/^wasm-flash .* faster/gm)).toHaveLength(4);
    expect(faster.stdout).not.toContain('scalar-flash');
    expect(faster.stdout).toMatch(/\nAgainst run\.json, this run is faster in all 4 points, by up to 2x \(wasm-flash/);
  });

  it('lists what could not be measured this time, and keeps the rest', async () => {
    const { cwd } = await recorded();
    const { code, stdout } = await bench(['repro', 'run.json', '--host', 'mock:wasm=fail'], cwd);
    expect(code).toBe(1);
    expect(stdout.match(/^scalar-flash .* same/gm)).toHaveLength(4);
    expect(stdout).toMatch(/^Not measured this time:\n {2}wasm-flash, 256 full, 2 heads, d 128: failed, /m);
  });

  it('says that a file of configurations is not in the record', async () => {
    const { cwd, run } = await recorded('--causal', 'true');
    Object.assign(run.context.settings ?? {}, { tiles: 'file' });
    writeFileSync(join(cwd, 'run.json'), JSON.stringify(run));
    const { code, stderr } = await bench(['repro', 'run.json'], cwd);
    expect(code).toBe(0);
    expect(stderr.match(/^The record was made with a file of kernel configurations/gm)).toHaveLength(1);
  });

  it('measures as the record did: its seed, samples and whole workloads, whatever its command line was', async () => {
    const { cwd, run } = await recorded('--causal', 'true', '--samples', '7', '--full', '--baseline', 'scalar-flash');
    run.context.argv = [];
    writeFileSync(join(cwd, 'run.json'), JSON.stringify(run));
    const { code, stdout } = await bench(['repro', 'run.json', '--format', 'json', '--samples', '8'], cwd);
    expect(code).toBe(0);
    const { environment, differences } = JSON.parse(stdout) as Answer;
    expect(environment).toEqual(['samples 7 before, 8 after']);
    expect(differences.every(({ after }) => after.samples.length === 8 && after.coverage === 1)).toBe(true);
    const journals = readdirSync(join(cwd, 'results', 'runs')).filter((name) => /^repro-.*\.jsonl$/.test(name));
    const [head = ''] = readFileSync(join(cwd, 'results', 'runs', journals[0] ?? ''), 'utf8').split('\n');
    expect((JSON.parse(head) as RunDocument).context.settings).toEqual({ ...run.context.settings, samples: 8 });
  });

  it('says what it assumes of a record without settings', async () => {
    const { cwd, run } = await recorded('--causal', 'true', '--seed', '3');
    delete run.context.settings;
    writeFileSync(join(cwd, 'run.json'), JSON.stringify(run));
    const { code, stderr } = await bench(['repro', 'run.json', '--budget', '2'], cwd);
    expect(code).toBe(0);
    expect(
      stderr.match(/^The record does not say how it measured: seed 3 and parts of the work within 2 s are assumed/gm),
    ).toHaveLength(1);
  });

  it.each(['figure-mha', 'ablation'])('opens %s of the examples', async (name) => {
    const path = fileURLToPath(new URL(`../../results/examples/${name}.jsonl`, import.meta.url));
    const cwd = temporaryFolder();
    const plan = await bench(['repro', path, '--dry-run', '--format', 'json'], cwd);
    expect(plan.code).toBe(0);
    expect((JSON.parse(plan.stdout) as unknown[]).length).toBeGreaterThan(4);
    expect(plan.stderr).not.toContain('does not say how it measured');
    const same = await bench(['compare', path, path], cwd);
    expect([same.code, same.stderr]).toEqual([0, '']);
    expect(same.stdout).not.toContain('The environment differs');
    expect((await bench(['report', path, '--output', 'page.html'], cwd)).code).toBe(0);
  });

  it('names what differs in the environment', async () => {
    const { cwd, run } = await recorded();
    run.context.versions['node'] = '1.2.3';
    for (const device of run.context.devices) device.name = 'Another device';
    writeFileSync(join(cwd, 'run.json'), JSON.stringify(run));
    const { stdout } = await bench(['repro', 'run.json'], cwd);
    expect(stdout).toMatch(
      /The environment differs:\n {2}node 1\.2\.3 before, .* after\n {2}devices Another device before/,
    );
  });

  it('shows the plan of a suite that was recorded, with the suite’s own budget', async () => {
    const cwd = temporaryFolder();
    const args = ['suite', 'ablation', '--kernel', 'wasm-flash', '--host', 'mock', '--format', 'json'];
    expect((await bench([...args, '--output', 'run.json'], cwd)).code).toBe(0);
    const { code, stdout } = await bench(['repro', 'run.json', '--dry-run', '--format', 'json'], cwd);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toHaveLength(2);
    expect((await bench(['repro', 'run.json'], cwd)).stderr).toContain('for up to 120 s');
  });

  it('answers a kernel or a backend that the record does not have', async () => {
    const { cwd } = await recorded('--causal', 'true');
    const kernel = await bench(['repro', 'run.json', '--kernel', 'wgsl-flash'], cwd);
    expect([kernel.code, kernel.stderr]).toEqual([2, expect.stringMatching(/^--kernel: .*wasm-flash/)]);
    const backend = await bench(['repro', 'run.json', '--backend', 'webgpu'], cwd);
    expect([backend.code, backend.stderr]).toEqual([
      2,
      expect.stringMatching(/^--backend: .*wasm-flash, scalar-flash/),
    ]);
  });

  it.each([
    ['no such file', 'none.json', /cannot read 'none\.json'/],
    ['no run', 'text.json', /text\.json/],
    ['no measured case', 'empty.json', /no measured case to repeat/],
    ['only kernels of another version', 'foreign.json', /no kernel that this version knows \(wasm-future\)/],
  ])('answers %s in one line with exit code 2', async (_, name, expected) => {
    shared ??= recorded('--causal', 'true');
    const { cwd, run } = await shared;
    writeFileSync(join(cwd, 'text.json'), '{"a":1}');
    writeFileSync(join(cwd, 'empty.json'), JSON.stringify({ ...run, measurements: [], comparisons: [] }));
    const foreign = run.measurements.map((m) => ({ ...m, kernel: 'wasm-future' }));
    writeFileSync(join(cwd, 'foreign.json'), JSON.stringify({ ...run, measurements: foreign }));
    const { code, stderr, stdout } = await bench(['repro', name], cwd);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(expected);
  });
});
