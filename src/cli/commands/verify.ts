/** bench verify: a kernel on q, k and v from a file, against the float64 oracle and against the file's own output. */

import { type Command, Option } from 'commander';
import type { Finish } from '../finish.ts';
import { choose } from '../nearest.ts';
import { addTargetOptions, parseNumber, readKernel, readTarget } from '../options.ts';

export function addVerifyCommand(program: Command, finish: Finish): void {
  const command = program
    .command('verify')
    .argument('<kernel>')
    .description('run a kernel on tensors from a file and compare it with the float64 oracle')
    .requiredOption(
      '--tensors <file>',
      'safetensors file with q, k and v, [batch, seq, heads, headDim], F32, F16 or BF16; o is compared where it is there',
    )
    .option('--causal', 'causal mask, aligned bottom right', false)
    .option('--window <tokens>', 'sliding window in tokens')
    .option('--scale <factor>', 'softmax scale (default: 1/sqrt(head dimension))')
    .option('--output <file>', 'write the output as tensor o of a safetensors file')
    .addOption(new Option('--format <name>', 'table or json').default('table'));
  addTargetOptions(command).action(async (name: string, raw) => {
    const kernel = readKernel(name);
    const { verifyKernel } = await import('../actions/verify.ts');
    const number = (option: string, text: unknown, whole: boolean) =>
      typeof text === 'string' ? parseNumber(option, text, whole ? 1 : 1e-6, 1e6, whole) : null;
    finish(
      await verifyKernel(kernel, {
        tensors: raw.tensors as string,
        causal: raw.causal === true,
        window: number('--window', raw.window, true),
        scale: number('--scale', raw.scale, false),
        output: typeof raw.output === 'string' ? raw.output : null,
        format: choose('--format', raw.format as string, ['table', 'json'] as const),
        target: readTarget(raw),
      }),
    );
  });
}
