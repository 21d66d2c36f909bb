/** bench ceilings: what the CPU and the GPU can do at best, as JavaScript, WebAssembly and WGSL let them. */

import type { Declare } from '../command.ts';
import { backendOptions } from '../options/device.ts';
import { OUTPUT, resultsOption, tableOrJson } from '../options/run.ts';
import { addOptions, under, valuesOf } from '../options/typed-option.ts';

/** The limits of this machine. */
export const declareCeilings: Declare = (command, finish) => {
  const options = {
    ...backendOptions(['webgpu', 'wasm', 'scalar']),
    ...under(OUTPUT, { format: tableOrJson(), results: resultsOption('folder of the record') }),
  };
  command.description(
    'Measure the limits of this machine: multiply-adds, exponentials and memory reads, of the CPU with one thread and with all, and of the GPU.',
  );
  addOptions(command, options).action(async () => {
    const { measureCeilings } = await import('../actions/ceilings.ts');
    finish(await measureCeilings(valuesOf(command, options)));
  });
};
