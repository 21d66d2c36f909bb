/** bench show: a kernel's source text. */

import { presetAxes } from '../../problem/sweep.ts';
import type { Declare } from '../command.ts';
import { kernelArgument } from '../options/arguments.ts';
import { VARIANT_NAMES } from '../options/names.ts';
import { addOptions, choice, under, valuesOf } from '../options/typed-option.ts';
import { workloadOptions } from '../options/workload.ts';

/** The text that a kernel is for a workload. */
export const declareShow: Declare = (command, finish) => {
  const options = {
    ...workloadOptions(presetAxes('mha')),
    ...under('Kernel:', {
      variant: choice(
        '--variant <name>',
        'how WebAssembly (simd...) or machine code (avx...) is made',
        VARIANT_NAMES,
        null,
        'simd-relaxed, avx512',
      ),
    }),
  };
  command
    .description("Print a kernel's source text for a workload; of a sweep, for the first.")
    .addArgument(kernelArgument());
  addOptions(command, options).action(async (kernel: string) => {
    const { showKernel } = await import('../actions/show.ts');
    showKernel(kernel, valuesOf(command, options));
    finish(0);
  });
};
