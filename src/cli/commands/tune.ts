/** bench tune: looks for a better kernel configuration for this device, and keeps it. */

import { oneShapeForTune, UsageError } from '../../messages.ts';
import { presetAxes } from '../../problem/sweep.ts';
import { formatHeadDims, formatTunedMask } from '../../problem/workload.ts';
import type { Declare } from '../command.ts';
import { targetOf, targetOptions, tunedKernels } from '../options/device.ts';
import { MEASURING, OUTPUT, quietOption, resultsOption } from '../options/run.ts';
import { addOptions, anyNumber, option, toggle, under, valuesOf } from '../options/typed-option.ts';
import { workloadOptions, workloadsOf } from '../options/workload.ts';

const BUDGET_SECONDS = 120;

/** One search for each head dimension and mask. */
export const declareTune: Declare = (command, finish) => {
  const options = {
    // One length: a configuration belongs to a head dimension and a mask, whatever the length.
    ...workloadOptions({ ...presetAxes('mha'), seq: [1024] }),
    ...targetOptions(['webgpu', 'native', 'wasm']),
    ...tunedKernels(),
    ...under(MEASURING, {
      budget: option(
        '--budget <seconds>',
        'limit on each search, compiling included',
        anyNumber(1, 1e6),
        BUDGET_SECONDS,
      ),
      again: toggle('--again', 'forget what an earlier search found and begin anew'),
    }),
    ...under(OUTPUT, { results: resultsOption(), quiet: quietOption() }),
  };
  command.description(
    'Look for a better kernel configuration for this device, among all kernels of the device that have configurations. What cannot fit its registers and workgroup memory is left out; the rest is tested against the default configuration in paired rounds, and what is better beyond the noise is kept in your cache folder and used from then on.',
  );
  addOptions(command, options).action(async () => {
    const values = valuesOf(command, options);
    const { kernel, budget: budgetSeconds, again, results, quiet } = values;
    const workloads = workloadsOf(values);
    const searches = new Set(workloads.map((w) => `${formatHeadDims(w)} ${formatTunedMask(w)}`));
    if (searches.size < workloads.length) throw new UsageError(oneShapeForTune);
    const { tune } = await import('../actions/tune.ts');
    finish(await tune(workloads, { target: targetOf(values), kernel, budgetSeconds, again, results, quiet }));
  });
};
