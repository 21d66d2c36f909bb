/** bench verify: a kernel on q, k and v from a file, against the float64 oracle and against the file's own output. */

import { badMap, UsageError } from '../../messages.ts';
import { LAYOUTS } from '../../problem/tensor-layout.ts';
import { ROLES, type Role } from '../../problem/tensor-names.ts';
import type { Declare } from '../command.ts';
import { choose } from '../nearest.ts';
import { kernelArgument } from '../options/arguments.ts';
import { targetOf, targetOptions } from '../options/device.ts';
import { OUTPUT, tableOrJson } from '../options/run.ts';
import {
  addOptions,
  anyNumber,
  asText,
  choice,
  list,
  option,
  type Parser,
  required,
  toggle,
  under,
  valuesOf,
  wholeNumber,
} from '../options/typed-option.ts';

/** Reads "q=NAME". */
const parseMap: Parser<readonly (readonly [Role, string])[]> = (text, option) => {
  const [role = '', name = ''] = text.split(/=(.*)/s);
  if (name === '') throw new UsageError(badMap(option, text));
  return [[choose(option, role, ROLES), name]];
};

/** A kernel checked on tensors from a file. */
export const declareVerify: Declare = (command, finish) => {
  const options = {
    ...under('Tensors:', {
      tensors: required(
        '--tensors <file>',
        'safetensors file with q, k and v, F32, F16 or BF16; an o in it is compared too',
      ),
      layout: choice(
        '--layout <name>',
        'order of their axes: bshd is [batch, seq, heads, headDim], bhsd is that of PyTorch, thd one sequence',
        LAYOUTS,
        null,
        'bshd, or thd for three axes',
      ),
      map: list(
        '--map <role=name>',
        'name in the file of q, k, v, o, qkv, kv or sinks, where it is none of the usual ones',
        parseMap,
        null,
      ),
      causal: toggle('--causal', 'causal mask, aligned bottom right'),
      window: option(
        '--window <tokens>',
        'sliding window in tokens, including the query itself',
        wholeNumber(1, 1e6),
        null,
      ),
      dtype: choice(
        '--dtype <type>',
        "type that the file's o was computed in: its rounding is allowed for",
        ['f32', 'f16', 'bf16'],
        null,
        'that of o',
      ),
      tolerance: option(
        '--tolerance <share>',
        "error of a value over its row's size that is right, in place of the derived bound",
        anyNumber(0, 1e3),
        null,
      ),
      scale: option('--scale <factor>', 'softmax scale', anyNumber(1e-6, 1e6), null, '1/sqrt(head dimension)'),
      softcap: option(
        '--softcap <cap>',
        'soft-cap of the scaled scores: cap tanh(s / cap), before the mask',
        anyNumber(1e-3, 1e6),
        null,
        'none',
      ),
      sinks: toggle('--sinks', "attention sinks: the file's tensor sinks, [heads], in the sum of the weights alone"),
      alibi: toggle('--alibi', "ALiBi: the query head's slope times the distance is taken from the scores"),
      maskTensor: option(
        '--mask-tensor <name>',
        'tensor added to the scores, or of bools that hide: [seqQuery, seqKv], or with heads and batch before them',
        asText,
        null,
        'none',
      ),
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
    const { tensors, causal, window, scale, layout, dtype, tolerance, output, format } = values;
    const { softcap, alibi, sinks, maskTensor } = values;
    const { verifyKernel } = await import('../actions/verify.ts');
    const target = targetOf(values);
    const map = {
      ...Object.fromEntries(values.map ?? []),
      ...(maskTensor === null ? {} : { mask: maskTensor }),
    };
    const scores = { scale, softcap, alibi, sinks };
    const reading = { tensors, map, causal, window, layout, dtype, tolerance, ...scores };
    finish(await verifyKernel(kernel, { ...reading, output, format, target }));
  });
};
