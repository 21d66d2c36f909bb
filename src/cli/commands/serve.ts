/** bench serve: the page on this machine. */

import type { Declare } from '../command.ts';
import { resultsOption } from '../options/run.ts';
import { addOptions, option, toggle, under, valuesOf, wholeNumber } from '../options/typed-option.ts';

const PORT = 7333;

/** The page, and the runs of a folder. */
export const declareServe: Declare = (command, finish) => {
  const options = under('Page:', {
    port: option(
      '--port <number>',
      'first port to try; where it is in use the next ones follow',
      wholeNumber(1, 65535),
      PORT,
    ),
    results: resultsOption('folder of the runs'),
    open: toggle('--open', 'show it in the browser'),
  });
  command.description(
    'Serve the page to this machine only: measure in a browser, open the runs of a folder, and keep new ones there.',
  );
  addOptions(command, options).action(async () => {
    const { serve } = await import('../actions/serve.ts');
    finish(await serve(valuesOf(command, options)));
  });
};
