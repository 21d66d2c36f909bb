/**
 * The file that a child process runs: random shapes on x64-flash with guard pages round everything, each with its parts at
 * either side. A line of JSON before each shape and after it, so that a process that dies has said on which.
 *
 * Arguments: instruction set, first seed, count; a part of memory that is to be a float too short.
 */

import { writeSync } from 'node:fs';
import type { InstructionSet } from '../../kernels/device.ts';
import { x64Flash } from '../../kernels/x64/flash.ts';
import { createX64Host } from '../../src/host/node/x64/x64-host.ts';
import { messageOf } from '../../src/messages.ts';
import { checkShape } from '../random-shapes/check.ts';
import { randomShape } from '../random-shapes/shapes.ts';
import { createGuardedMemory, type Part, type Side } from './guarded-memory.ts';

const [set, first, count, shorter] = process.argv.slice(2);
const say = (line: unknown) => writeSync(1, `${JSON.stringify(line)}\n`);
const sides: Side[] = ['end', 'begin'];
const opened = sides.map((side) => {
  const memory = createGuardedMemory(side, shorter as Part | undefined);
  const host = createX64Host({
    deviceName: 'this CPU',
    memoryBytes: 2 ** 33,
    threads: 1,
    set: set as InstructionSet,
    startThread: () => Promise.reject(new Error('one thread')),
    ...memory,
  });
  return { side, memory, host };
});

const hosts = opened.map(({ host }) => host);

for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
  say({ seed });
  const outcome = await checkShape(hosts, x64Flash, randomShape(seed));
  let { state }: { state: string } = outcome;
  let message = outcome.state === 'right' ? '' : outcome.message;
  for (const { side, memory } of opened) {
    try {
      memory.release();
    } catch (error) {
      [state, message] = ['wrong', `seed ${seed}, guard page at the ${side}: ${messageOf(error)}`];
    }
  }
  say({ seed, state, message });
}
