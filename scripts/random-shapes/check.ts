/** A kernel on random shapes, every row beside the float64 reference. */

import type { Kernel } from '../../kernels/kernel.ts';
import { compareRows, roundingOf } from '../../src/host/comparison.ts';
import type { Host } from '../../src/host/contract.ts';
import { oracle } from '../../src/host/oracle.ts';
import { messageOf } from '../../src/messages.ts';
import { allRows, wholeSlice } from '../../src/problem/slice.ts';
import { describe } from '../../src/problem/workload.ts';
import { benchCommand, dataOf, lessOf, type RandomShape } from './shapes.ts';

/** What came of a kernel on a shape: right, wrong (a line and how to run it again), or why it does not take it. */
export type Outcome = { state: 'right'; whole: boolean } | { state: 'wrong' | 'refused'; message: string };

/** Runs a kernel on a shape, without what it does not take of it, on hosts of one device, and compares every row. */
export async function checkShape(
  hosts: readonly Host[],
  kernel: Kernel,
  { seed, workload }: RandomShape,
): Promise<Outcome> {
  const device = await (hosts[0] as Host).environment();
  const refusals = lessOf(workload).map((w) => ({ w, reason: kernel.unsupported(w, device) }));
  const taken = refusals.find(({ reason }) => reason === undefined);
  if (taken === undefined) return { state: 'refused', message: refusals.at(-1)?.reason ?? '' };
  const { w } = taken;
  const data = dataOf(w, seed);
  const wrong = (what: string): Outcome => {
    const again =
      benchCommand(kernel.name, w, seed) ?? `npm run random-shapes -- --kernel ${kernel.name} --first ${seed}`;
    return { state: 'wrong', message: `seed ${seed}, ${describe(w)}: ${what}\n  ${again}` };
  };
  try {
    const program = kernel.build(w, device);
    const slice = wholeSlice(w, program.blockRows);
    const rows = allRows(w);
    const right = oracle(w, data, rows);
    for (const host of hosts) {
      const { id } = await host.prepare({ program, workload: w, slice, data });
      try {
        await host.run(id);
        const found = compareRows(w, right, await host.read(id, rows), { rounding: roundingOf(w, program) });
        if (!(found.maxRelativeError <= found.tolerance)) {
          return wrong(`error ${found.maxRelativeError} over ${found.tolerance}`);
        }
      } finally {
        await host.dispose(id);
      }
    }
    return { state: 'right', whole: w === workload };
  } catch (error) {
    return wrong(messageOf(error));
  }
}
