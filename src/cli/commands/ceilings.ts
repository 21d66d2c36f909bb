/** bench ceilings: what the CPU and the GPU can do at best, as JavaScript, WebAssembly and WGSL let them. */

import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { leftOut, UsageError } from '../../messages.ts';
import { timeStamp } from '../../record/context.ts';
import { checkFolder, makeFolders } from '../../record/files.ts';
import type { Finish } from '../finish.ts';
import { choose } from '../nearest.ts';
import { addAdapterOptions, readTarget } from '../options.ts';

export function addCeilingsCommand(program: Command, finish: Finish): void {
  const command = program
    .command('ceilings')
    .description(
      'measure the limits of this machine: multiply-adds, exponentials and memory reads, of the CPU with one thread and all, and of the GPU',
    );
  addAdapterOptions(command)
    .option('--format <name>', 'table or json', 'table')
    .option('--results <folder>', 'where the record goes', 'results/runs')
    .action(async (raw) => {
      const format = choose('--format', raw.format, ['table', 'json'] as const);
      const { backend, adapter, allowSoftware, limits } = readTarget(raw);
      if (backend === 'peers')
        throw new UsageError('--backend peers has no ceilings; choose auto, wasm, scalar or webgpu');
      checkFolder(raw.results);
      const { measureCpu } = await import('../actions/ceilings-cpu.ts');
      const { versions } = await import('../versions.ts');
      const ceilings = backend === 'webgpu' ? [] : await measureCpu(availableParallelism());
      if (backend === 'auto' || backend === 'webgpu') {
        const { nodeTarget } = await import('../../host/node/targets.ts');
        const webgpu = { adapter, allowSoftware, limits };
        const target = await nodeTarget('webgpu', { threads: null, variant: null, webgpu });
        if (target.environment === null) {
          process.stderr.write(`${leftOut('webgpu', target.unavailable ?? '')}\n`);
          if (backend === 'webgpu') return finish(1);
        } else {
          const { measureGpu } = await import('../actions/ceilings-gpu.ts');
          ceilings.push(...(await measureGpu(target)));
        }
      }
      const record = writeCeilings(raw.results, { versions: versions(), ceilings });
      const { formatCeilings } = await import('../../report/ceilings-text.ts');
      process.stdout.write(
        format === 'json'
          ? `${JSON.stringify({ versions: versions(), ceilings }, null, 2)}\n`
          : formatCeilings(ceilings, versions()),
      );
      process.stderr.write(`Record: ${record}\n`);
      finish(0);
    });
}

/** Puts the limits on disk, for bench report to draw under its measurements; the path. */
function writeCeilings(folder: string, record: object): string {
  makeFolders(folder);
  const path = join(folder, `ceilings-${timeStamp()}.json`);
  writeFileSync(path, `${JSON.stringify(record)}\n`);
  return path;
}
