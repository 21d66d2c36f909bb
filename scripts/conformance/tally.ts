/** Counts of a kernel over the table: how many cases agree, which do not, and why others are not taken. */

import type { Kernel } from '../../kernels/kernel.ts';
import type { Rounding } from '../../src/host/comparison.ts';
import { nodeTarget } from '../../src/host/node/targets.ts';
import { messageOf } from '../../src/messages.ts';
import { describe } from '../../src/problem/workload.ts';
import { kernelOutput, type PreparedCase } from './check.ts';

/** What a kernel did over all cases. */
export interface Tally {
  kernel: string;
  device: string;
  agree: number;
  /** A line for each case that differs or failed. */
  wrong: string[];
  /** Cases that it does not take, by reason. */
  refused: Map<string, number>;
  /** The largest error over what is allowed, of those that agree. */
  closest: number;
}

const emptyTally = (kernel: string, device: string): Tally => ({
  ...{ kernel, device, agree: 0, wrong: [], refused: new Map(), closest: 0 },
});

/** Counts one case: its largest error over what is allowed. */
function count(tally: Tally, { case: c, workload }: PreparedCase, worst: number): void {
  if (worst <= 1) {
    tally.agree += 1;
    tally.closest = Math.max(tally.closest, worst);
  } else tally.wrong.push(`seed ${c.seed}, ${describe(workload)}: ${worst} times what is allowed`);
}

/** Compares the output of a case with the operator's: the largest error over what is allowed. */
export type Compare = (index: number, output: Float32Array, rounding: Rounding) => number;

/** The oracle's outputs over the table. */
export function tallyOutputs(name: string, cases: readonly PreparedCase[], worst: (index: number) => number): Tally {
  const tally = emptyTally(name, 'float64');
  cases.forEach((one, index) => {
    count(tally, one, worst(index));
  });
  return tally;
}

/** A kernel over the table, on its target here; a software adapter where there is no hardware's. */
export async function tallyKernel(kernel: Kernel, cases: readonly PreparedCase[], compare: Compare): Promise<Tally> {
  const webgpu = { adapter: null, allowSoftware: true, limits: {} };
  const target = await nodeTarget(kernel, { threads: null, variant: null, webgpu });
  if (target.state !== 'open') {
    return { ...emptyTally(kernel.name, 'none'), refused: new Map([[target.reason, cases.length]]) };
  }
  const tally = emptyTally(kernel.name, target.environment.device.name);
  const host = await target.open();
  try {
    for (const [index, one] of cases.entries()) {
      try {
        const result = await kernelOutput(host, kernel, one);
        if ('refused' in result) tally.refused.set(result.refused, (tally.refused.get(result.refused) ?? 0) + 1);
        else count(tally, one, compare(index, result.output, result.rounding));
      } catch (error) {
        tally.wrong.push(`seed ${one.case.seed}, ${describe(one.workload)}: ${messageOf(error)}`);
      }
    }
  } finally {
    await host.close();
    await target.close();
  }
  return tally;
}

/** "scalar-flash on ...: 160 agree, 0 differ", with a line for each reason and each difference. */
export function formatTally({ kernel, device, agree, wrong, refused, closest }: Tally): string {
  const lines = [
    `${kernel} (${device}): ${agree} agree, ${wrong.length} differ; largest error ${closest.toPrecision(2)} of what is allowed`,
    ...[...refused].map(([reason, cases]) => `  ${cases} not taken: ${reason}`),
    ...wrong.map((line) => `  WRONG ${line}`),
  ];
  return lines.map((line) => `${line}\n`).join('');
}
