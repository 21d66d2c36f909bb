/** Random shapes between guard pages on every set of instructions of this CPU, counted. */

import { INSTRUCTION_SETS, type InstructionSet } from '../../kernels/device.ts';
import { cpuFeatures } from '../../src/host/node/x64/x64-host.ts';
import { guardedShapes } from './run.ts';

/** Whether `count` shapes from seed `first` on are right in all sets, which run side by side; those that are not are printed. */
export async function reportGuardedShapes(first: number, count: number): Promise<boolean> {
  const features = cpuFeatures();
  const sets = INSTRUCTION_SETS.filter((known) => features[known]);
  const passed = await Promise.all(sets.map((set) => reportSet(set, first, count)));
  return passed.every((set) => set);
}

async function reportSet(set: InstructionSet, first: number, count: number): Promise<boolean> {
  const counts = { right: 0, wrong: 0, refused: 0, died: 0 };
  let done = 0;
  for await (const { state, message } of guardedShapes(set, first, count)) {
    counts[state] += 1;
    done += 1;
    if (state === 'wrong' || state === 'died') {
      process.stdout.write(`${state.toUpperCase()} x64-flash ${set}, ${message}\n`);
    }
    if (done % 100 === 0) process.stderr.write(`x64-flash ${set}: ${done} of ${count}\n`);
  }
  const { right, wrong, refused, died } = counts;
  process.stdout.write(
    `x64-flash ${set} between guard pages: ${right} right, ${wrong} wrong, ${died} ended the process, ${refused} not taken\n`,
  );
  return right + refused === count;
}
