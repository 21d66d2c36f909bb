/** bench compare: one run against another. */

import type { Command } from 'commander';
import type { Finish } from '../finish.ts';
import { choose } from '../nearest.ts';

export function addCompareCommand(program: Command, finish: Finish): void {
  program
    .command('compare')
    .argument('<before>', 'journal or JSON document of a run')
    .argument('<after>', 'the run to compare with it')
    .description('compare two runs case by case: faster, slower, same or unclear; exit code 1 where one is slower')
    .option('--format <name>', 'table or json', 'table')
    .action(async (before: string, after: string, raw: { format: string }) => {
      const format = choose('--format', raw.format, ['table', 'json'] as const);
      const { compareFiles } = await import('../actions/compare.ts');
      finish(compareFiles(before, after, format));
    });
}
