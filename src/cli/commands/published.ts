/** bench published: the figures that runs are set beside. */

import type { Declare } from '../command.ts';
import { OUTPUT, publishedOption, tableOrJson } from '../options/run.ts';
import { addOptions, under, valuesOf } from '../options/typed-option.ts';

/** Figures with their sources, and claims. */
export const declarePublished: Declare = (command, finish) => {
  const options = under(OUTPUT, { published: publishedOption(), format: tableOrJson() });
  command.description('List the published figures, and the claims of the report.');
  addOptions(command, options).action(async () => {
    const { published, format } = valuesOf(command, options);
    const { listPublished } = await import('../actions/published.ts');
    process.stdout.write(listPublished(published, format));
    finish(0);
  });
};
