/** bench bringup: the first hour on new hardware as one command. */

import {
  QUICK_BUDGET_SECONDS,
  STEPS,
  TIMED_STEPS,
  BUDGET_SECONDS as WHOLE_BUDGET_SECONDS,
} from '../../measure/bringup/plan.ts';
import { parseHeadDims } from '../../problem/sweep.ts';
import type { Declare } from '../command.ts';
import { formatNames } from '../help.ts';
import { choose } from '../nearest.ts';
import { bringupDeviceOptions } from '../options/device.ts';
import { MEASURING, OUTPUT, quietOption } from '../options/run.ts';
import {
  addOptions,
  anyNumber,
  asText,
  choice,
  list,
  option,
  toggle,
  under,
  valuesOf,
} from '../options/typed-option.ts';

const TIMED = STEPS.filter(({ name }) => TIMED_STEPS.includes(name));

/** Checks, limits and comparisons of a WebGPU device. */
export const declareBringup: Declare = (command, finish) => {
  const options = {
    ...bringupDeviceOptions(),
    ...under(MEASURING, {
      quick: toggle('--quick', 'small sizes and few variants, as on a software adapter'),
      budget: option(
        '--budget <seconds>',
        'limit on all steps together',
        anyNumber(1, 1e6),
        null,
        `${WHOLE_BUDGET_SECONDS}; ${QUICK_BUDGET_SECONDS} where quick`,
      ),
      headDim: list(
        '--head-dim <dims>',
        'head dimensions to check; the comparisons take 128 or the largest',
        (text) => parseHeadDims([text]),
        null,
        '128,64,256; fewer where quick',
      ),
      steps: list(
        '--steps <names>',
        'timed steps to do, as listed below',
        (text, name) => text.split(',').map((item) => choose(name, item.trim(), TIMED_STEPS)),
        null,
        'all',
      ).suggest(TIMED_STEPS),
    }),
    ...under(OUTPUT, {
      format: choice('--format <name>', 'what stdout gets', ['markdown', 'json'], 'markdown'),
      output: option('--output <folder>', 'folder of the Markdown and the JSON', asText, 'results/runs'),
      quiet: quietOption(),
    }),
  };
  command
    .description(
      'Bring up a WebGPU device: its features and clocks, every kernel verified before anything is timed, its limits, and comparisons in paired rounds. Leaves a Markdown file to attach to an issue, and all of it as JSON.',
    )
    .addHelpText('after', () => {
      const items = TIMED.map(({ name, title }) => ({ name, summary: title }));
      return `\n${formatNames(command, 'Timed steps:', items)}`;
    });
  addOptions(command, options).action(async () => {
    const { bringUpDevice } = await import('../actions/bringup.ts');
    finish(await bringUpDevice(valuesOf(command, options)));
  });
};
