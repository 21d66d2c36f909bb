/** bench suite: a named list of workloads. */

import type { Command } from 'commander';
import { SUITES } from '../../../bench/index.ts';
import { BACKENDS, findKernel } from '../../../kernels/index.ts';
import { cases } from '../../problem/cases.ts';
import type { Finish } from '../finish.ts';
import { choose } from '../nearest.ts';
import { addRunOptions, readRunOptions } from '../options.ts';

export function addSuiteCommand(program: Command, finish: Finish): void {
  const names = SUITES.map(({ name, summary }) => `  ${name}: ${summary}`).join('\n');
  const command = program.command('suite').argument('<name>').description(`measure a suite:\n${names}`);
  addRunOptions(command, null).action(async (name: string, raw) => {
    const known = choose(
      'suite',
      name,
      SUITES.map((suite) => suite.name),
    );
    const suite = SUITES.find((item) => item.name === known);
    if (suite === undefined) return;
    const { baseline, samples, variant } = suite;
    const kernels = suite.kernels?.filter((name) => {
      const wanted = raw.backend as string;
      return wanted === 'auto' || !BACKENDS.some((known) => known === wanted) || findKernel(name).backend === wanted;
    });
    // What the user says wins over what the suite fixes.
    const fixed = {
      ...(kernels === undefined ? {} : { kernel: kernels }),
      ...(baseline === undefined || raw.kernel !== undefined ? {} : { baseline }),
      ...(samples === undefined ? {} : { samples: String(samples) }),
      ...(variant === undefined ? {} : { variant }),
    };
    const options = readRunOptions({ ...fixed, ...raw }, suite.budgetSeconds);
    const { runCases } = await import('../actions/run.ts');
    const all = [...cases(suite.workloads), ...cases(suite.singleThread ?? [], 1)];
    finish(await runCases(suite.name, all, options, raw.kernel !== undefined));
  });
}
