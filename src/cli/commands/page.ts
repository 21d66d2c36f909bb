/** bench page: the page as files for any host. */

import type { Declare } from '../command.ts';
import { addOptions, required, under, valuesOf } from '../options/typed-option.ts';

/** The page as static files. */
export const declarePage: Declare = (command, finish) => {
  const options = under('Page:', { out: required('--out <folder>', 'where the files go') });
  command.description(
    'Write the page as static files for any host. Where the host sends no isolation headers, a service worker isolates the page.',
  );
  addOptions(command, options).action(async () => {
    const { writePage } = await import('../actions/page.ts');
    await writePage(valuesOf(command, options).out);
    finish(0);
  });
};
