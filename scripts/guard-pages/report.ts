/** Random shapes between guard pages on every set of instructions of this CPU, counted. */

import { INSTRUCTION_SETS } from '../../kernels/device.ts';
import { cpuFeatures } from '../../src/host/node/x64/x64-host.ts';
import { guardedShapes } from './run.ts';

/** Whether `count` shapes from seed `first` on are right in all sets; those that are not are printed. */
export async function reportGuardedShapes(first: number, count: number): Promise<boolean> {
  const features = cpuFeatures();
  let failed = false;
  for (const set of INSTRUCTION_SETS.filter((known) => features[known])) {
    const counts = { right: 0, wrong: 0, refused: 0, died: 0 };
    let done = 0;
    for await (const { state, message } of guardedShapes(set, first, count)) {
      counts[state] += 1;
      done += 1;
      if (state === 'wrong' || state === 'died')
        process.stdout.write(`${state.toUpperCase()} x64-flash ${set}, ${message}\n`);
      if (done % 100 === 0) process.stderr.write(`x64-flash ${set}: ${done} of ${count}\n`);
    }
    const { right, wrong, refused, died } = counts;
    failed ||= wrong + died > 0 || right + refused !== count;
    process.stdout.write(
      `x64-flash ${set} between guard pages: ${right} right, ${wrong} wrong, ${died} ended the process, ${refused} not taken\n`,
    );
  }
  return !failed;
}
