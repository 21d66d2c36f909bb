/** Defaults of the user's own: what wins over what, what is told and recorded, and one line for what cannot be used. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { MODEL_NAMES } from '../../src/problem/models.ts';
import { bench, type Outcome, parseRun, temporaryFolder } from './bench.ts';

const MOCK = ['--host', 'mock', '--no-chart', '--format', 'json'];

/** A folder with a file of defaults. */
function folderWith(defaults: unknown): string {
  const folder = temporaryFolder();
  const text = typeof defaults === 'string' ? defaults : JSON.stringify(defaults);
  writeFileSync(join(folder, 'attnbench.config.json'), text);
  return folder;
}

/** `bench ARGS` in a folder, with variables of the environment. */
const run = (
  variables: Record<string, string>,
  args: readonly string[],
  folder = temporaryFolder(),
): Promise<Outcome> => bench(args, folder, undefined, variables);

describe("defaults of the user's own", () => {
  it('come after the command line, variables before the file, the section of a command before its top', async () => {
    const folder = folderWith({
      budget: 9,
      seed: 3,
      samples: 2,
      seq: '8k',
      kernel: ['wasm-flash', 'scalar-flash'],
      mha: { seq: 64, causal: false },
      gqa: { seq: '1k' },
    });
    const variables = { ATTNBENCH_BUDGET: '8', ATTNBENCH_SEED: '4', ATTNBENCH_LABEL: '' };
    const outcome = await run(variables, ['mha', '--seed', '5', '--heads', '1', '--batch', '1', ...MOCK], folder);
    expect(outcome.code).toBe(0);
    const { context, measurements } = parseRun(outcome);
    expect(context.settings).toMatchObject({ budget: 8, seed: 5, samples: 2 });
    expect(context.label).toBeNull();
    expect(measurements.map(({ kernel, workload }) => [kernel, workload.seqQuery, workload.mask])).toEqual([
      ['wasm-flash', 64, 'full'],
      ['scalar-flash', 64, 'full'],
    ]);
    const [first] = outcome.stderr.split('\n');
    expect(first).toBe(
      'Defaults of yours: --samples 2 --kernel wasm-flash --kernel scalar-flash --seq 64 --causal false (attnbench.config.json), --budget 8 (ATTNBENCH_BUDGET).',
    );
  });

  it('stand in the recorded command line where they shape what is measured, so that it measures the same alone', async () => {
    const folder = folderWith({ seq: '64', 'allow-software': true, full: false, limits: ['maxBufferSize=4096'] });
    const args = ['mha', '--heads', '1', '--batch', '1', '--kernel', 'wasm-flash', '--samples', '1', ...MOCK];
    const outcome = await run({ ATTNBENCH_RESULTS: 'elsewhere', ATTNBENCH_QUIET: '1' }, args, folder);
    expect(outcome.stderr).not.toContain('Defaults of yours');
    expect(outcome.stderr).toContain('Record: elsewhere');
    const { argv } = parseRun(outcome).context;
    expect(argv).toEqual([...args, '--seq', '64', '--allow-software', '--limits', 'maxBufferSize=4096']);
    // Alone in another folder, and without a trace of the run before.
    const again = await bench(argv, temporaryFolder());
    expect(parseRun(again).context).toMatchObject({ argv, settings: parseRun(outcome).context.settings });
  });

  it('take the place of what a suite fixes, as options do', async () => {
    const planned = await run({ ATTNBENCH_KERNEL: 'wasm-flash' }, [
      'suite',
      'peers-cpu',
      '--dry-run',
      '--format',
      'json',
    ]);
    const kernels = (JSON.parse(planned.stdout) as { kernel: string }[]).map(({ kernel }) => kernel);
    expect(new Set(kernels)).toEqual(new Set(['wasm-flash']));
  });

  it('leave a record to say how it was measured', async () => {
    const folder = temporaryFolder();
    const small = ['mha', '--seq', '64', '--heads', '1', '--batch', '1', '--kernel', 'wasm-flash', '--samples', '2'];
    expect((await run({}, [...small, ...MOCK], folder)).code).toBe(0);
    const variables = { ATTNBENCH_SAMPLES: '3', ATTNBENCH_CHART: 'false' };
    const { stdout, stderr } = await run(variables, ['repro', 'last', '--format', 'json'], folder);
    expect(stderr).toContain('Defaults of yours: --no-chart (ATTNBENCH_CHART).');
    expect(stderr).not.toContain('Chart:');
    expect(JSON.parse(stdout)).toMatchObject({ environment: [], missing: [] });
  });

  it('give way to an option that they cannot stand beside', async () => {
    const plan = ['--seq', '64', '--kernel', 'wasm-flash', '--dry-run', '--format', 'json'];
    const folder = folderWith({ model: MODEL_NAMES[0] });
    const planned = await run({}, ['mha', '--heads', '3', '--causal', 'true', ...plan], folder);
    expect(JSON.parse(planned.stdout)).toMatchObject([{ workload: { queryHeads: 3, mask: 'causal' } }]);
    expect(planned.stderr).toBe('');
    const { code, stderr } = await run({ ATTNBENCH_HEADS: '3' }, ['mha', ...plan], folder);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr:
        'the defaults model (attnbench.config.json) and heads (ATTNBENCH_HEADS) cannot be used together; remove one of them\n',
    });
  });

  it('of other commands are left alone, and help needs none', async () => {
    expect(await run({ ATTNBENCH_SMS: '100' }, ['kernels'])).toMatchObject({ code: 0, stderr: '' });
    expect(await run({ ATTNBENCH_BUDGTE: '3' }, ['mha', '--help'])).toMatchObject({ code: 0, stderr: '' });
    expect(await run({ ATTNBENCH_BUDGTE: '3' }, ['kernels'])).toMatchObject({ code: 2, stdout: '' });
  });
});

describe('a default that cannot be used is one line with exit code 2', () => {
  it.each([
    ['BUDGTE', '3', 'ATTNBENCH_BUDGTE is not an option of bench; did you mean ATTNBENCH_BUDGET?'],
    ['BUDGET', 'x', "ATTNBENCH_BUDGET: 'x' is not a number that can be used here; write a number from 0.1 to 1000000"],
    ['FULL', 'maybe', "ATTNBENCH_FULL: 'maybe' is neither true nor false; write one of them"],
    ['BACKEND', 'wsm', "ATTNBENCH_BACKEND: 'wsm' is not known; did you mean 'wasm'?"],
    [
      'HEAD_DIM',
      '577',
      "ATTNBENCH_HEAD_DIM: '577' is not a number that can be used here; write a whole number from 1 to 576",
    ],
    ['BROWSER', '/none', "ATTNBENCH_BROWSER: '/none' cannot be run as a program"],
  ])('of ATTNBENCH_%s', async (name, value, message) => {
    const { code, stdout, stderr } = await run({ [`ATTNBENCH_${name}`]: value }, ['mha', ...MOCK]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it.each([
    [{ budgte: 3 }, "attnbench.config.json: 'budgte' is not an option of bench; did you mean budget?"],
    [{ mah: { seq: '4k' } }, "attnbench.config.json: 'mah' is not a command"],
    [{ mha: { seqq: '4k' } }, "attnbench.config.json: 'seqq' is not an option of bench; did you mean seq?"],
    [{ seq: null }, 'attnbench.config.json: seq: this is neither text nor a number'],
    [{ budget: [] }, 'attnbench.config.json: budget: this is neither text nor a number'],
    [{ budget: 'fast' }, "attnbench.config.json: budget: 'fast' is not a number"],
    [{ seq: '4q' }, "attnbench.config.json: seq: '4q' is not a size"],
    ['[1]', "'attnbench.config.json': it has to hold options"],
    ['{', "'attnbench.config.json' is not JSON"],
  ])('in the file: %j', async (defaults, message) => {
    const { code, stdout, stderr } = await bench(['mha', ...MOCK], folderWith(defaults));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('of an option that has to be given', async () => {
    expect(await run({ ATTNBENCH_OUT: 'site' }, ['page', '--out', 'site'])).toEqual({
      code: 2,
      stdout: '',
      stderr: 'ATTNBENCH_OUT: --out can have no default; give it on the command line\n',
    });
  });
});
