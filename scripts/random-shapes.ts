/**
 * Random shapes with all options together (head dimensions, groups, lengths, masks, windows, batches, scales, soft-cap,
 * sinks, types): every row of every kernel beside the float64 reference.
 *
 * --count 2000 shapes from seed --first 1 on; --kernel a,b, by default those of the CPU; --variant NAME of WebAssembly or of
 * machine code; --allow-software for WebGPU kernels on an emulated GPU. --guard-pages: x64-flash alone, in each set of
 * instructions that the CPU has, with pages that nothing can touch round all that it reads and writes; twice as much work.
 * A shape that is wrong is printed as a bench command; exit code 1.
 */

import { parseArgs } from 'node:util';
import { findKernel, KERNELS } from '../kernels/index.ts';
import { nodeTarget } from '../src/host/node/targets.ts';
import type { KernelVariant } from '../src/host/variants.ts';
import { reportGuardedShapes } from './guard-pages/report.ts';
import { checkShape } from './random-shapes/check.ts';
import { randomShape } from './random-shapes/shapes.ts';

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    first: { type: 'string', default: '1' },
    kernel: { type: 'string' },
    variant: { type: 'string' },
    'allow-software': { type: 'boolean', default: false },
    'guard-pages': { type: 'boolean', default: false },
  },
});
const [first, count] = [Number(options.first), Number(options.count)];
const onCpu = KERNELS.filter(
  ({ backend, library }) => library === undefined && ['scalar', 'wasm', 'native'].includes(backend),
);
const named = options.kernel?.split(',').map(findKernel);
const guarded = options['guard-pages'];

let failed = guarded && !(await reportGuardedShapes(first, count));
for (const kernel of guarded ? [] : (named ?? onCpu)) {
  const webgpu = { adapter: null, allowSoftware: options['allow-software'], limits: {} };
  const variant = (options.variant ?? null) as KernelVariant | null;
  const target = await nodeTarget(kernel, { threads: null, variant, webgpu });
  if (target.state !== 'open') {
    process.stderr.write(`${kernel.name}: ${target.reason}\n`);
    // Machine code runs on some machines only.
    failed ||= named !== undefined || kernel.backend !== 'native';
    continue;
  }
  const host = await target.open();
  let [right, whole, wrong] = [0, 0, 0];
  const refused = new Map<string, number>();
  try {
    for (let seed = first; seed < first + count; seed += 1) {
      const outcome = await checkShape([host], kernel, randomShape(seed));
      if (outcome.state === 'right') {
        right += 1;
        if (outcome.whole) whole += 1;
      } else if (outcome.state === 'refused') {
        refused.set(outcome.message, (refused.get(outcome.message) ?? 0) + 1);
      } else {
        wrong += 1;
        process.stdout.write(`WRONG ${kernel.name}, ${outcome.message}\n`);
      }
      const done = seed - first + 1;
      if (done % 100 === 0) process.stderr.write(`${kernel.name}: ${done} of ${count}, ${wrong} wrong\n`);
    }
  } finally {
    await host.close();
    await target.close();
  }
  failed ||= wrong > 0;
  const { name, variant: used } = target.environment.device;
  process.stdout.write(
    `${kernel.name} (${[name, used].filter((part) => part !== null).join(', ')}): ${right} right, ${right - whole} of them without what it lacks (ALiBi, mask tensors, 16-bit types); ${wrong} wrong\n`,
  );
  for (const [reason, shapes] of refused) process.stdout.write(`  ${shapes} not taken: ${reason}\n`);
}
process.exitCode = failed ? 1 : 0;
