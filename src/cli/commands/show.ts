/** bench show and bench compile: a kernel's source text for a workload, and its compilation on the device. */

import type { Command } from 'commander';
import { TYPICAL_DEVICE, TYPICAL_MATRIX } from '../../../kernels/typical-device.ts';
import { presetAxes } from '../../problem/sweep.ts';
import type { Workload } from '../../problem/workload.ts';
import { sourceText } from '../../report/source-text.ts';
import type { Finish } from '../finish.ts';
import { choose } from '../nearest.ts';
import { addShapeOptions, addTargetOptions, readKernel, readTarget, readWorkloads } from '../options.ts';

/** The first workload of the shape options; its text depends on few of them. */
function firstWorkload(raw: Parameters<typeof readWorkloads>[0]): Workload {
  return readWorkloads(raw, presetAxes('mha'))[0] as Workload;
}

export function addSourceCommands(program: Command, finish: Finish): void {
  const show = program.command('show').argument('<kernel>').description("print a kernel's source text for a workload");
  addShapeOptions(show, presetAxes('mha'))
    .option('--variant <name>', 'WebAssembly variant: simd, simd-relaxed, simd256', 'simd-relaxed')
    .action((name: string, raw) => {
      const kernel = readKernel(name);
      const variant = choose('--variant', raw.variant as string, ['simd', 'simd-relaxed', 'simd256'] as const);
      const features = {
        ...TYPICAL_DEVICE.features,
        relaxedSimd: variant !== 'simd',
        simd256: variant === 'simd256',
        subgroupMatrix: TYPICAL_MATRIX,
      };
      process.stdout.write(sourceText(kernel.build(firstWorkload(raw), { ...TYPICAL_DEVICE, features }), kernel));
      finish(0);
    });

  const compile = program
    .command('compile')
    .argument('<kernel>')
    .description("compile a kernel's code on the device and stop: nothing is run");
  addTargetOptions(addShapeOptions(compile, presetAxes('mha'))).action(async (name: string, raw) => {
    const kernel = readKernel(name);
    const { compileKernel } = await import('../actions/compile.ts');
    finish(await compileKernel(kernel, firstWorkload(raw), readTarget(raw)));
  });
}
