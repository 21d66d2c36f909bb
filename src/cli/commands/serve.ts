/** bench serve and bench page: the page on this machine, or as files for any other. */

import type { Command } from 'commander';
import type { Finish } from '../finish.ts';
import { parseNumber } from '../options.ts';

const PORT = 7333;

export function addPageCommands(program: Command, finish: Finish): void {
  program
    .command('serve')
    .description(
      'serve the page on this machine only: measure in a browser, open the runs of a folder, keep new ones there',
    )
    .option('--port <number>', 'first port to try; the next ones follow where it is in use', String(PORT))
    .option('--results <folder>', 'the folder of the runs', 'results/runs')
    .option('--open', 'show it in the browser', false)
    .action(async (raw: { port: string; results: string; open: boolean }) => {
      const port = parseNumber('--port', raw.port, 1, 65535, true);
      const { serve } = await import('../actions/serve.ts');
      finish(await serve({ port, results: raw.results, open: raw.open }));
    });

  program
    .command('page')
    .description(
      'write the page as static files for any host; where it sends no headers a service worker isolates the page',
    )
    .requiredOption('--out <folder>', 'where the files go')
    .action(async (raw: { out: string }) => {
      const { copyPage } = await import('../../server/page-files.ts');
      await copyPage(raw.out);
      process.stderr.write(`Page: ${raw.out} (put it on any host that serves files; over https, or on localhost)\n`);
      finish(0);
    });
}
