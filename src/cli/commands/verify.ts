/** bench verify: a kernel on q, k and v from a file, against the float64 oracle and against the file's own output. */

import type { Declare } from '../command.ts';
import { kernelArgument } from '../options/arguments.ts';
import { targetOf, targetOptions } from '../options/device.ts';
import { OUTPUT, tableOrJson } from '../options/run.ts';
import {
  addOptions,
  anyNumber,
  asText,
  option,
  required,
  toggle,
  under,
  valuesOf,
  wholeNumber,
} from '../options/typed-option.ts';

/** A kernel checked on tensors from a file. */
export const declareVerify: Declare = (command, finish) => {
  const options = {
    ...under('Tensors:', {
      tensors: required(
        '--tensors <file>',
        'safetensors file with q, k and v, [batch, seq, heads, headDim], F32, F16 or BF16; an o in it is compared too',
      ),
      causal: toggle('--causal', 'causal mask, aligned bottom right'),
      window: option(
        '--window <tokens>',
        'sliding window in tokens, including the query itself',
        wholeNumber(1, 1e6),
        null,
      ),
      scale: option('--scale <factor>', 'softmax scale', anyNumber(1e-6, 1e6), null, '1/sqrt(head dimension)'),
    }),
    ...targetOptions(),
    ...under(OUTPUT, {
      format: tableOrJson(),
      output: option('--output <file>', 'write the output as tensor o of a safetensors file', asText, null),
    }),
  };
  command
    .description('Run a kernel on tensors from a file and compare every row with the float64 oracle.')
    .addArgument(kernelArgument());
  addOptions(command, options).action(async (kernel: string) => {
    const values = valuesOf(command, options);
    const { tensors, causal, window, scale, output, format } = values;
    const { verifyKernel } = await import('../actions/verify.ts');
    const target = targetOf(values);
    finish(await verifyKernel(kernel, { tensors, causal, window, scale, output, format, target }));
  });
};
