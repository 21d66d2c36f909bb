/** bench tune: looks for a better tile for this device, and keeps it. */

import type { Command } from 'commander';
import { oneShapeForTune, UsageError } from '../../messages.ts';
import { presetAxes } from '../../problem/sweep.ts';
import type { Finish } from '../finish.ts';
import { addShapeOptions, addTargetOptions, parseNumber, readTarget, readWorkloads } from '../options.ts';

const BUDGET_SECONDS = 120;

export function addTuneCommand(program: Command, finish: Finish): void {
  // One length: a tile belongs to a head dimension and a mask, whatever the length.
  const preset = { ...presetAxes('mha'), seq: [1024] };
  const command = program
    .command('tune')
    .description(
      'look for a better tile for this device: candidates meet the shipped tile in paired rounds, the winner is kept in your cache folder and used from then on',
    );
  addTargetOptions(addShapeOptions(command, preset))
    .option('--budget <seconds>', 'bound on each search, compiling included', String(BUDGET_SECONDS))
    .option('--again', 'forget what an earlier search found and begin anew', false)
    .option('--results <folder>', 'where the record and the chart go', 'results/runs')
    .option('--quiet', 'no progress on stderr', false)
    .action(async (raw) => {
      const target = readTarget(raw);
      if (target.backend === 'scalar' || target.backend === 'peers') {
        throw new UsageError(`--backend ${target.backend} has no tiles; choose auto, wasm or webgpu`);
      }
      const workloads = readWorkloads(raw, preset);
      const searches = new Set(workloads.map(({ headDim, mask }) => `${headDim} ${mask}`));
      if (searches.size < workloads.length) throw new UsageError(oneShapeForTune);
      const { tune } = await import('../actions/tune.ts');
      finish(
        await tune(workloads, {
          target: { ...target, backend: target.backend },
          budgetSeconds: parseNumber('--budget', raw.budget, 1, 1e6, false),
          again: raw.again === true,
          results: raw.results,
          quiet: raw.quiet === true,
        }),
      );
    });
}
