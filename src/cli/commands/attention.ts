/** bench mha and bench gqa: one workload or a sweep. */

import { presetAxes } from '../../problem/sweep.ts';
import type { Declare } from '../command.ts';
import { BUDGET_SECONDS, MEASURING, runOptions, sustainOption } from '../options/run.ts';
import { addOptions, under, valuesOf } from '../options/typed-option.ts';
import { workloadOptions } from '../options/workload.ts';

/** Multi-head attention: as many KV heads as query heads. */
export const declareMha: Declare = declareAttention(
  'mha',
  'Measure multi-head attention, one workload or a sweep, beside the published figures.',
);

/** Grouped-query attention: several query heads share a KV head. */
export const declareGqa: Declare = declareAttention(
  'gqa',
  'Measure grouped-query attention, in which several query heads share a KV head: one workload or a sweep, beside the published figures.',
);

function declareAttention(name: 'mha' | 'gqa', description: string): Declare {
  return (command, finish) => {
    const options = {
      ...workloadOptions(presetAxes(name)),
      ...runOptions(BUDGET_SECONDS),
      ...under(MEASURING, { sustain: sustainOption() }),
    };
    addOptions(command.description(description), options).action(async () => {
      const values = valuesOf(command, options);
      const { measureAttention } = await import('../actions/attention.ts');
      finish(await measureAttention(name, values));
    });
  };
}
