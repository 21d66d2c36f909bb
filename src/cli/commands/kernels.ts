/** bench kernels: the registry as a list. */

import type { Declare } from '../command.ts';
import { OUTPUT, tableOrJson } from '../options/run.ts';
import { addOptions, under, valuesOf } from '../options/typed-option.ts';

/** Names, backends and a line about each kernel. */
export const declareKernels: Declare = (command, finish) => {
  const options = under(OUTPUT, { format: tableOrJson() });
  command.description('List the kernels. Experiments and ablations come last; they run by name only.');
  addOptions(command, options).action(async () => {
    const { listKernels } = await import('../actions/kernels.ts');
    process.stdout.write(listKernels(valuesOf(command, options).format));
    finish(0);
  });
};
