/** The commands that only tell: bench devices, bench kernels, bench published. */

import type { Command } from 'commander';
import { ALL_KERNELS } from '../../../kernels/index.ts';
import type { Finish } from '../finish.ts';
import { choose } from '../nearest.ts';
import { addTargetOptions, readTarget } from '../options.ts';

const LIST_FORMATS = ['table', 'json'] as const;

export function addListingCommands(program: Command, finish: Finish): void {
  program
    .command('kernels')
    .description('list the kernels')
    .option('--format <name>', 'table or json', 'table')
    .action(async (raw: { format: string }) => {
      const format = choose('--format', raw.format, LIST_FORMATS);
      const { formatColumns } = await import('../../report/columns.ts');
      const rows = ALL_KERNELS.map(({ name, backend, summary }) => ({ name, backend, summary }));
      if (format === 'json') process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
      else
        process.stdout.write(
          formatColumns(
            ['kernel', 'backend', 'idea'],
            rows.map((row) => Object.values(row)),
          ),
        );
      finish(0);
    });

  program
    .command('published')
    .description('list the published figures and the claims of the report')
    .option('--published <set>', 'avo: figures of the AVO paper; all: those of other sources too', 'avo')
    .option('--format <name>', 'table or json', 'table')
    .action(async (raw: { published: string; format: string }) => {
      const set = choose('--published', raw.published, ['avo', 'all'] as const);
      const format = choose('--format', raw.format, LIST_FORMATS);
      const { listPublished } = await import('../actions/published.ts');
      process.stdout.write(listPublished(set, format));
      finish(0);
    });

  addTargetOptions(program.command('devices').description('list the devices that kernels can run on, and their clocks'))
    .option('--format <name>', 'table or json', 'table')
    .action(async (raw) => {
      const format = choose('--format', raw.format as string, LIST_FORMATS);
      const { listDevices } = await import('../actions/devices.ts');
      process.stdout.write(await listDevices(readTarget(raw), format));
      finish(0);
    });
}
