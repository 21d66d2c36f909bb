/** bench repro: a recorded run measured once more and compared with its record. */

import type { Declare } from '../command.ts';
import { runArgument } from '../options/arguments.ts';
import { BUDGET_SECONDS, OUTPUT, runOptions, tableOrJson } from '../options/run.ts';
import { addOptions, givenOf, under } from '../options/typed-option.ts';

/** The cases of a record, measured here. */
export const declareRepro: Declare = (command, finish) => {
  const options = reproOptions();
  command
    .description(
      'Re-run a recorded benchmark with its kernels, threads, variant, inputs and settings, and compare: faster, slower, same or unclear, and what differs in the environment. The exit code is 1 where a case is slower or failed.',
    )
    .addArgument(runArgument('<file>', 'record or JSON document of a run; last is the newest of --results'));
  addOptions(command, options).action(async (file: string) => {
    const { repeatRun } = await import('../actions/repro.ts');
    finish(await repeatRun(file, givenOf(command, options)));
  });
};

/** Those options of a run that need not be as they were; without them most are the record's. */
function reproOptions() {
  const { full, seed, baseline, published, wide, ...open } = runOptions(BUDGET_SECONDS);
  const { kernel, variant, threads, host, adapter, tiles, budget, samples } = open;
  kernel.description = 'only these kernels of the record';
  kernel.default(null, 'all of them');
  for (const item of [variant, threads, host, adapter, tiles, budget, samples]) {
    item.default(item.initial, "the record's");
  }
  const options = { ...open, ...under(OUTPUT, { format: tableOrJson() }) };
  // How it was measured is the record's to say, so defaults of the user's own are for the output only.
  for (const item of Object.values(options)) item.takesDefault = item.helpGroupHeading === OUTPUT;
  return options;
}
