/** bench bringup on the software adapter: its two files, what stdout gets, an interrupt, bad input. */

import { readdirSync, readFileSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { softwareEnvironment } from '../../src/host/node/targets.ts';
import type { Bringup } from '../../src/measure/bringup/outcome.ts';
import { messageOf } from '../../src/messages.ts';
import { bringupMarkdown } from '../../src/report/bringup-markdown.ts';
import { bench, temporaryFolder } from './bench.ts';

// wgsl-flash would compile for seconds on a software adapter.
const SMALL = ['bringup', '--allow-software', '--kernel', 'wgsl-naive', '--head-dim', '32', '--budget', '600'];

/** The document and the Markdown that a run left in its folder. */
function filesIn(folder: string): { json: string; markdown: string } {
  const names = readdirSync(folder);
  const textOf = (extension: string) =>
    readFileSync(join(folder, names.find((name) => name.endsWith(extension)) ?? ''), 'utf8');
  expect(names).toHaveLength(2);
  return { json: textOf('.json'), markdown: textOf('.md') };
}

const why = await softwareEnvironment(true).then(
  () => null,
  (error: unknown) => messageOf(error),
);
if (why !== null) process.stderr.write(`bench bringup: skipped, ${why}\n`);

describe.skipIf(why !== null)('bench bringup', () => {
  it('checks, compares, and leaves a Markdown file and all of it as JSON', async () => {
    const folder = join(temporaryFolder(), 'kit');
    const run = await bench([...SMALL, '--steps', 'robustness', '--format', 'json', '--output', folder]);
    expect(run.code).toBe(0);
    const found = JSON.parse(run.stdout) as Bringup;
    expect(found.steps.map(({ step }) => step)).toEqual([
      ...['devices', 'verify', 'ceilings', 'tiles', 'submissions', 'robustness', 'matrix', 'peers'],
    ]);
    expect(found.environment?.adapter).toBeDefined();
    expect(found.checks.map(({ dtype, mask, state }) => `${dtype} ${mask} ${state}`)).toEqual([
      ...['f32 full right', 'f32 causal right', 'f16 full right', 'f16 causal right'],
    ]);
    const [{ sides } = { sides: [] }] = found.comparisons;
    expect(sides.map(({ settings, measurement }) => [settings, measurement?.state])).toEqual([
      [null, 'measured'],
      [{ robustness: false }, 'measured'],
    ]);
    const files = filesIn(folder);
    expect(JSON.parse(files.json)).toEqual(found);
    expect(files.markdown).toBe(bringupMarkdown(found));
    for (const path of [folder, homedir(), process.cwd()]) expect(run.stdout).not.toContain(path);
    // As a word: a short name may be part of an adapter's.
    expect(run.stdout.split(/[^\w.-]+/)).not.toContain(hostname());
  });

  it('keeps what it found where it is interrupted', async () => {
    const folder = temporaryFolder();
    let stopped = false;
    const run = await bench([...SMALL, '--output', folder], temporaryFolder(), (stderr) => {
      if (stopped || !stderr.includes('1/8')) return;
      stopped = true;
      process.emit('SIGINT');
    });
    expect(run.code).toBe(130);
    expect(run.stdout).toContain('The run was interrupted');
    expect(JSON.parse(filesIn(folder).json)).toMatchObject({
      cancelled: true,
      steps: expect.arrayContaining([
        expect.objectContaining({ state: 'done' }),
        expect.objectContaining({ state: 'skipped' }),
      ]),
    });
  });
});

describe('bad input of bench bringup', () => {
  it.each([
    [['--kernel', 'wasm-flash'], /^--kernel wasm-flash is no WGSL kernel/],
    [['--steps', 'tile'], /^--steps: 'tile' is not known; did you mean 'tiles'\?/],
    [['--head-dim', '600'], /^--head-dim: '600' is not a number/],
  ])('%j: one line, exit code 2, nothing written', async (args, line) => {
    const folder = temporaryFolder();
    const { code, stderr } = await bench(['bringup', ...args], folder);
    expect(code).toBe(2);
    expect(stderr).toMatch(line);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(readdirSync(folder)).toEqual([]);
  });
});
