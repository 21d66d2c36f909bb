/** bench suite: a named list of workloads. */

import type { Command } from 'commander';
import { SUITES } from '../../bench/index.ts';
import type { Finish } from './finish.ts';
import { choose } from './nearest.ts';
import { addRunOptions, readRunOptions } from './options.ts';

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
    const options = readRunOptions(raw, suite.budgetSeconds);
    const { runWorkloads } = await import('./run.ts');
    finish(await runWorkloads(suite.name, suite.workloads, options, raw.kernel !== undefined));
  });
}
