/** bench model: why the published figures are what they are, and the same reasoning for this machine. */

import type { Command } from 'commander';
import { DEFAULT_TIMING } from '../../model/assumptions.ts';
import { B200 } from '../../model/chip.ts';
import { parseSize, presetAxes } from '../../problem/sweep.ts';
import type { Declare, Finish } from '../command.ts';
import { targetOptions, tilesOption } from '../options/device.ts';
import {
  budgetOption,
  MEASURING,
  OUTPUT,
  outputOption,
  quietOption,
  resultsOption,
  samplesOption,
  seedOption,
  tableOrJson,
} from '../options/run.ts';
import {
  addOptions,
  anyNumber,
  asText,
  choice,
  option,
  under,
  valuesOf,
  wholeNumber,
} from '../options/typed-option.ts';
import { modelOption, workloadOptions } from '../options/workload.ts';

const LOCAL_BUDGET_SECONDS = 20;

/** The four models. */
export const declareModel: Declare = (command, finish) => {
  command.description(
    'Models of attention: of B200, fitted on five figures of each library and tested on the others, of this machine, and of prefill in language models.',
  );
  command.commandsGroup('Models:');
  declareB200(command, finish);
  declareLocal(command, finish);
  declareWhatIf(command, finish);
  declarePrefill(command, finish);
};

function declareB200(model: Command, finish: Finish): void {
  const options = under(OUTPUT, {
    figure: choice(
      '--figure <name>',
      "show only this; a timeline is one block of the simulated pipeline, versions are those of AVO's kernel",
      ['mha', 'gqa', 'ablation', 'timeline', 'versions'],
      null,
    ),
    format: tableOrJson(),
    chart: option('--chart <file>', 'draw it: .svg, .png, .html or .vl.json', asText, null),
  });
  const command = model
    .command('b200')
    .summary('why 1668 TFLOPS: fitted and predicted figures, simulated ablation')
    .description('Why 1668 TFLOPS: constants, fitted and predicted figures, and the simulated ablation.');
  addOptions(command, options).action(async () => {
    const { figure, format, chart } = valuesOf(command, options);
    const { showB200 } = await import('../actions/model-b200.ts');
    await showB200(figure, format, chart);
    finish(0);
  });
}

/** The options of models that measure. */
function measuringOptions() {
  return {
    ...targetOptions(['webgpu', 'wasm']),
    ...under(MEASURING, {
      tiles: tilesOption(),
      budget: budgetOption(LOCAL_BUDGET_SECONDS),
      samples: samplesOption(),
      seed: seedOption(),
    }),
    ...under(OUTPUT, {
      format: tableOrJson(),
      output: outputOption(),
      results: resultsOption('folder of the record'),
      quiet: quietOption(),
    }),
  };
}

function declareLocal(model: Command, finish: Finish): void {
  const options = {
    ...workloadOptions({ ...presetAxes('mha'), seq: [4096] }),
    ...measuringOptions(),
  };
  const command = model
    .command('local')
    .summary('what this machine allows attention to reach, and what it reaches')
    .description('What the measured limits of this machine allow attention to reach, beside what it reaches.');
  addOptions(command, options).action(async () => {
    const { showLocal } = await import('../actions/model-local.ts');
    finish(await showLocal(valuesOf(command, options)));
  });
}

function declarePrefill(model: Command, finish: Finish): void {
  const options = {
    ...under('Prefill:', {
      model: modelOption('gemma4-31b'),
      seq: option('--seq <size>', 'tokens of the prompt', (text, name) => parseSize(name, text), 131072, '128k'),
    }),
    ...measuringOptions(),
  };
  const command = model
    .command('prefill')
    .summary("the attention of a language model: by count, here, and at AVO's rate")
    .description(
      "What the attention of a language model costs in prefill: the FLOPs of each kind of layer, what its windows save, the time on this machine (each kind measured, times its layers) and at AVO's 1668 TFLOPS.",
    );
  addOptions(command, options).action(async () => {
    const values = valuesOf(command, options);
    const { showPrefill } = await import('../actions/model-prefill.ts');
    finish(await showPrefill(values));
  });
}

function declareWhatIf(model: Command, finish: Finish): void {
  const options = {
    ...under('Chip (defaults are those of B200):', {
      sms: option('--sms <number>', 'streaming multiprocessors', wholeNumber(1, 4096), B200.units),
      clock: option('--clock <number>', 'clock in MHz', anyNumber(1e-3, 1e5), B200.clockHz / 1e6),
      tensorRate: option(
        '--tensor-rate <number>',
        'BF16 FLOPs a clock and multiprocessor',
        anyNumber(1e-3, 1e7),
        B200.tensorFlopsPerClock,
      ),
      expRate: option(
        '--exp-rate <number>',
        'exponentials a clock and multiprocessor; GB300 has 32',
        anyNumber(1e-3, 1e5),
        B200.exponentialsPerClock,
      ),
      sharedRate: option(
        '--shared-rate <number>',
        'bytes of shared memory a clock and multiprocessor',
        anyNumber(1e-3, 1e6),
        B200.sharedBytesPerClock,
      ),
      memory: option(
        '--memory <number>',
        'main memory in TB/s',
        anyNumber(1e-3, 1e4),
        B200.memoryBytesPerSecond / 1e12,
      ),
      correctionClocks: option(
        '--correction-clocks <clocks>',
        'clocks of the correction group for 16 columns of a block; an assumption',
        anyNumber(1, 1e4),
        DEFAULT_TIMING.correctionPart,
      ),
    }),
    ...under(OUTPUT, { format: tableOrJson() }),
  };
  const command = model
    .command('what-if')
    .summary("AVO's kernel on a changed B200")
    .description(
      "AVO's kernel on a changed B200, and what such a chip needs to reach 1668 TFLOPS. Where GB200 (--sms 152 --clock 2062) or GB300 (--exp-rate 32) has a changed number, its published gains stand beside the same forecast.",
    );
  addOptions(command, options).action(async () => {
    const { format, correctionClocks, ...chip } = valuesOf(command, options);
    const { showWhatIf } = await import('../actions/model-what-if.ts');
    showWhatIf(
      {
        units: chip.sms,
        clockHz: chip.clock * 1e6,
        tensorFlopsPerClock: chip.tensorRate,
        exponentialsPerClock: chip.expRate,
        sharedBytesPerClock: chip.sharedRate,
        memoryBytesPerSecond: chip.memory * 1e12,
      },
      correctionClocks,
      format,
    );
    finish(0);
  });
}
