/**
 * Random shapes with all options together (head dimensions, groups, lengths, masks, windows, batches, scales, soft-cap,
 * sinks, types): every row of every kernel beside the float64 reference.
 *
 * --count 2000 shapes from seed --first 1 on; --kernel a,b, by default those of the CPU; --variant NAME of WebAssembly;
 * --allow-software for WebGPU kernels on an emulated GPU. A shape that is wrong is printed as a bench command; exit code 1.
 */

import { parseArgs } from 'node:util';
import { findKernel, KERNELS } from '../kernels/index.ts';
import type { WasmVariant } from '../src/host/cpu/wasm-variants.ts';
import { nodeTarget } from '../src/host/node/targets.ts';
import { checkShape } from './random-shapes/check.ts';
import { randomShape } from './random-shapes/shapes.ts';

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    first: { type: 'string', default: '1' },
    kernel: { type: 'string' },
    variant: { type: 'string' },
    'allow-software': { type: 'boolean', default: false },
  },
});
const [first, count] = [Number(options.first), Number(options.count)];
const onCpu = KERNELS.filter(({ backend, library }) => library === undefined && ['scalar', 'wasm'].includes(backend));
const kernels = options.kernel?.split(',').map(findKernel) ?? onCpu;

let failed = false;
for (const kernel of kernels) {
  const webgpu = { adapter: null, allowSoftware: options['allow-software'], limits: {} };
  const variant = (options.variant ?? null) as WasmVariant | null;
  const target = await nodeTarget(kernel, { threads: null, variant, webgpu });
  if (target.state !== 'open') {
    process.stderr.write(`${kernel.name}: ${target.reason}\n`);
    failed = true;
    continue;
  }
  const host = await target.open();
  let [right, whole, wrong] = [0, 0, 0];
  const refused = new Map<string, number>();
  try {
    for (let seed = first; seed < first + count; seed += 1) {
      const outcome = await checkShape(host, kernel, randomShape(seed));
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
    `${kernel.name} (${[name, used].filter((part) => part !== null).join(', ')}): ${right} right, ${right - whole} of them without what it lacks (ALiBi, mask tensors, f16); ${wrong} wrong\n`,
  );
  for (const [reason, shapes] of refused) process.stdout.write(`  ${shapes} not taken: ${reason}\n`);
}
process.exitCode = failed ? 1 : 0;
