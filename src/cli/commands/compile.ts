/** bench compile: a kernel's compilation on the device. */

import { presetAxes } from '../../problem/sweep.ts';
import type { Declare } from '../command.ts';
import { kernelArgument } from '../options/arguments.ts';
import { targetOf, targetOptions } from '../options/device.ts';
import { addOptions, valuesOf } from '../options/typed-option.ts';
import { firstWorkloadOf, workloadOptions } from '../options/workload.ts';

/** What compiling takes, without a run. */
export const declareCompile: Declare = (command, finish) => {
  const options = { ...workloadOptions(presetAxes('mha')), ...targetOptions() };
  command.description("Compile a kernel's code on the device and stop: nothing is run.").addArgument(kernelArgument());
  addOptions(command, options).action(async (kernel: string) => {
    const values = valuesOf(command, options);
    const { compileKernel } = await import('../actions/compile.ts');
    finish(await compileKernel(kernel, firstWorkloadOf(values), targetOf(values)));
  });
};
