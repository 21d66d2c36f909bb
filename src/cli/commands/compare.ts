/** bench compare: one run against another. */

import type { Declare } from '../command.ts';
import { runArgument } from '../options/arguments.ts';
import { OUTPUT, resultsOption, tableOrJson } from '../options/run.ts';
import { addOptions, under, valuesOf } from '../options/typed-option.ts';

/** Two runs, case by case. */
export const declareCompare: Declare = (command, finish) => {
  const options = under(OUTPUT, {
    format: tableOrJson(),
    results: resultsOption('folder in which last and last~1 are looked for'),
  });
  command
    .description(
      'Compare two runs case by case: faster, slower, same or unclear, and what differs in the environment; the last line is the verdict. The exit code is 1 where a case is slower. last is the newest run of the results folder, last~1 the one before it: bench compare last~1 last.',
    )
    .addArgument(runArgument('<before>', 'record or JSON document of a run, or last, last~1 and so on'))
    .addArgument(runArgument('<after>', 'the run to compare with it'));
  addOptions(command, options).action(async (before: string, after: string) => {
    const { compareFiles } = await import('../actions/compare.ts');
    finish(compareFiles(before, after, valuesOf(command, options)));
  });
};
