/** bench compare: one run against another. */

import type { Declare } from '../command.ts';
import { OUTPUT, tableOrJson } from '../options/run.ts';
import { addOptions, under, valuesOf } from '../options/typed-option.ts';

/** Two runs, case by case. */
export const declareCompare: Declare = (command, finish) => {
  const options = under(OUTPUT, { format: tableOrJson() });
  command
    .description(
      'Compare two runs case by case: faster, slower, same or unclear, and what differs in the environment. The exit code is 1 where a case is slower.',
    )
    .argument('<before>', 'record or JSON document of a run')
    .argument('<after>', 'the run to compare with it');
  addOptions(command, options).action(async (before: string, after: string) => {
    const { compareFiles } = await import('../actions/compare.ts');
    finish(compareFiles(before, after, valuesOf(command, options).format));
  });
};
