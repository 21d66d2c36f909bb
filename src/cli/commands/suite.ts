/** bench suite: a named list of workloads. */

import { SUITES } from '../../../bench/index.ts';
import type { Declare } from '../command.ts';
import { formatNames } from '../help.ts';
import { nameArgument } from '../options/arguments.ts';
import { runOptions } from '../options/run.ts';
import { addOptions, givenOf, valuesOf } from '../options/typed-option.ts';

const NAMES = SUITES.map(({ name }) => name);

/** A list of workloads, with the kernels and the budget that belong to it. */
export const declareSuite: Declare = (command, finish) => {
  // Every suite has a budget of its own, which takes the place of this one.
  const options = runOptions(120, "the suite's own");
  command
    .description('Measure a suite. What you give as an option wins over what the suite fixes.')
    .addArgument(nameArgument('<name>', 'name of the suite', 'suite', NAMES))
    .addHelpText('after', () => `\n${formatNames(command, 'Suites:', SUITES)}`);
  addOptions(command, options).action(async (name: string) => {
    const { measureSuite } = await import('../actions/suite.ts');
    finish(await measureSuite(name, givenOf(command, options), (fixed) => valuesOf(command, options, fixed)));
  });
};
