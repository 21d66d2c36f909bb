/** bench ceilings: what the CPU and the GPU can do at best, as JavaScript, WebAssembly and WGSL let them. */

import { availableParallelism } from 'node:os';
import type { Command } from 'commander';
import { leftOut, UsageError } from '../messages.ts';
import type { Finish } from './finish.ts';
import { choose } from './nearest.ts';
import { addAdapterOptions, readPlace } from './options.ts';

export function addCeilingsCommand(program: Command, finish: Finish): void {
  const command = program
    .command('ceilings')
    .description(
      'measure the limits of this machine: multiply-adds, exponentials and memory reads, of the CPU with one thread and all, and of the GPU',
    );
  addAdapterOptions(command)
    .option('--format <name>', 'table or json', 'table')
    .action(async (raw) => {
      const format = choose('--format', raw.format, ['table', 'json'] as const);
      const { backend, adapter, allowSoftware, limits } = readPlace(raw);
      if (backend === 'peers')
        throw new UsageError('--backend peers has no ceilings; choose auto, wasm, scalar or webgpu');
      const { measureCpu } = await import('./measure-ceilings.ts');
      const { versions } = await import('./context.ts');
      const ceilings = backend === 'webgpu' ? [] : await measureCpu(availableParallelism());
      if (backend === 'auto' || backend === 'webgpu') {
        const { nodePlace } = await import('../host/node/places.ts');
        const webgpu = { adapter, allowSoftware, limits };
        const place = await nodePlace('webgpu', { threads: null, variant: null, webgpu });
        if (place.environment === null) {
          process.stderr.write(`${leftOut('webgpu', place.unavailable ?? '')}\n`);
          if (backend === 'webgpu') return finish(1);
        } else {
          const { measureGpu } = await import('./measure-gpu-ceilings.ts');
          ceilings.push(...(await measureGpu(place)));
        }
      }
      const { formatCeilings } = await import('./format-ceilings.ts');
      process.stdout.write(
        format === 'json'
          ? `${JSON.stringify({ versions: versions(), ceilings }, null, 2)}\n`
          : formatCeilings(ceilings, versions()),
      );
      finish(0);
    });
}
