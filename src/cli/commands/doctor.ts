/** bench doctor: what works here, what does not, and what to do. */

import type { Declare } from '../command.ts';
import { OUTPUT, resultsOption, tableOrJson } from '../options/run.ts';
import { addOptions, under, valuesOf } from '../options/typed-option.ts';

/** The state of this machine and this install. */
export const declareDoctor: Declare = (command, finish) => {
  const options = under(OUTPUT, { format: tableOrJson(), results: resultsOption('folder that records would go to') });
  command.description(
    'Check this machine and this install: what works, what does not, what to do. Nothing is measured, and no network is needed. The exit code is 1 where nothing can be measured.',
  );
  addOptions(command, options).action(async () => {
    const { format, results } = valuesOf(command, options);
    const { diagnose } = await import('../actions/doctor.ts');
    finish(await diagnose(format, results));
  });
};
