/** bench published: the figures that runs are set beside. */

import type { Declare } from '../command.ts';
import { OUTPUT, publishedOption, tableOrJson } from '../options/run.ts';
import { addOptions, asText, choice, option, under, valuesOf } from '../options/typed-option.ts';

/** Figures with their sources, claims, the evolution of AVO's kernel, and error bars beside times of passes. */
export const declarePublished: Declare = (command, finish) => {
  const options = under(OUTPUT, {
    figure: choice(
      '--figure <name>',
      "show only this: AVO's kernel version by version, or error bars beside the times of passes",
      ['evolution', 'bursts'],
      null,
    ),
    published: publishedOption(),
    format: tableOrJson(),
    chart: option('--chart <file>', 'draw it, the evolution by default: .svg, .png, .html or .vl.json', asText, null),
  });
  command.description('List the published figures, and what a securities weekly claims, which restates the AVO paper.');
  addOptions(command, options).action(async () => {
    const { figure, published, format, chart } = valuesOf(command, options);
    const { showPublished } = await import('../actions/published.ts');
    await showPublished(figure, published, format, chart);
    finish(0);
  });
};
