/** bench devices: what kernels could run on here. */

import type { Declare } from '../command.ts';
import { targetOf, targetOptions } from '../options/device.ts';
import { OUTPUT, tableOrJson } from '../options/run.ts';
import { addOptions, under, valuesOf } from '../options/typed-option.ts';

/** Devices, with their features, clocks and limits. */
export const declareDevices: Declare = (command, finish) => {
  const options = { ...targetOptions(), ...under(OUTPUT, { format: tableOrJson() }) };
  command.description('List the devices that kernels can run on, with their features, clocks and limits.');
  addOptions(command, options).action(async () => {
    const values = valuesOf(command, options);
    const { listDevices } = await import('../actions/devices.ts');
    const { printText } = await import('../terminal/output.ts');
    const text = await listDevices(targetOf(values), values.format);
    if (values.format === 'json') process.stdout.write(text);
    else printText(text);
    finish(0);
  });
};
