/** bench report: runs as one HTML file or as Markdown with pictures. */

import type { Declare } from '../command.ts';
import { runArgument } from '../options/arguments.ts';
import { OUTPUT, publishedOption, resultsOption } from '../options/run.ts';
import { addOptions, asText, choice, option, toggle, under, valuesOf } from '../options/typed-option.ts';

/** Runs, explained. */
export const declareReport: Declare = (command, finish) => {
  const options = under(OUTPUT, {
    format: choice(
      '--format <name>',
      'one HTML file, or Markdown with PNG files beside it',
      ['html', 'markdown'],
      'html',
    ),
    output: option('--output <file>', 'where it goes', asText, null, 'beside the first run'),
    published: publishedOption(),
    results: resultsOption('folder in which runs are looked for'),
    open: toggle('--open', 'show it in the browser'),
  });
  command
    .description('Explain runs in one HTML file that needs no network: the answer, charts, tables and sources.')
    .addArgument(
      runArgument(
        '[runs...]',
        'records or JSON documents of runs, or last, last~1 and so on (default: the newest in --results)',
      ),
    );
  addOptions(command, options).action(async (runs: string[]) => {
    const { report } = await import('../actions/report.ts');
    finish(await report(runs, valuesOf(command, options)));
  });
};
