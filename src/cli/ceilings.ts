/** bench ceilings: what this CPU can do at best in JavaScript and WebAssembly, and how fast it reads memory. */

import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import type { Finish } from './finish.ts';
import { choose } from './nearest.ts';

export function addCeilingsCommand(program: Command, finish: Finish): void {
  program
    .command('ceilings')
    .description('measure the limits of this CPU: multiply-adds, exponentials and memory reads, one thread and all')
    .option('--format <name>', 'table or json', 'table')
    .action(async (raw: { format: string }) => {
      const format = choose('--format', raw.format, ['table', 'json'] as const);
      const { formatCeilings, measureCpu } = await import('./measure-ceilings.ts');
      const found = await measureCpu(availableParallelism());
      process.stdout.write(format === 'json' ? `${JSON.stringify(found, null, 2)}\n` : formatCeilings(found));
      finish(0);
    });
}
