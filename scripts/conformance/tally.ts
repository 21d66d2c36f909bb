/** Counts of a kernel over the table: how many cases agree, which do not, which failed, and why others are not taken. */

import type { Kernel } from '../../kernels/kernel.ts';
import type { Rounding } from '../../src/host/comparison.ts';
import { nodeTarget } from '../../src/host/node/targets.ts';
import { createHostPool } from '../../src/host/pool.ts';
import type { OpenTarget, Target } from '../../src/host/target.ts';
import { watched } from '../../src/host/watchdog.ts';
import { messageOf } from '../../src/messages.ts';
import { describe } from '../../src/problem/workload.ts';
import { alignColumns } from '../../src/report/columns.ts';
import { kernelOutput, type PreparedCase } from './check.ts';

/** What a kernel did over all cases. */
export interface Tally {
  kernel: string;
  device: string;
  agree: number;
  /** A line for each case whose result differs. */
  differ: string[];
  /** A line for each case without a result: an error, a child that died, or a target that cannot be opened, which has one line. */
  failed: string[];
  /** Cases that it does not take, by reason. */
  refused: Map<string, number>;
  /** The largest error over what is allowed, of those that agree. */
  closest: number;
  minutes: number;
  /** Minutes of compiling, of all of them. */
  compiling: number;
}

const emptyTally = (kernel: string, device: string): Tally => ({
  ...{ kernel, device, agree: 0, differ: [], failed: [], refused: new Map(), closest: 0, minutes: 0, compiling: 0 },
});

const minutesSince = (begin: number) => (performance.now() - begin) / 60_000;
const nameOf = ({ case: c, workload }: PreparedCase) => `seed ${c.seed}, ${describe(workload)}`;

/** Counts one case: its largest error over what is allowed. */
function count(tally: Tally, one: PreparedCase, worst: number): void {
  if (worst <= 1) {
    tally.agree += 1;
    tally.closest = Math.max(tally.closest, worst);
  } else tally.differ.push(`${nameOf(one)}: ${worst} times what is allowed`);
}

/** Compares the output of a case with the operator's: the largest error over what is allowed. */
export type Compare = (index: number, output: Float32Array, rounding: Rounding) => number;

/** The oracle's outputs over the table. */
export function tallyOutputs(name: string, cases: readonly PreparedCase[], worst: (index: number) => number): Tally {
  const begin = performance.now();
  const tally = emptyTally(name, 'float64');
  cases.forEach((one, index) => {
    count(tally, one, worst(index));
  });
  return { ...tally, minutes: minutesSince(begin) };
}

/** The largest case is some MFLOP. */
const RUN_LIMIT_S = 120;
/** Cases between two lines for whoever watches. */
const TELL_EVERY = 20;

/** The target of a kernel here; a software adapter where there is no hardware's. */
export const targetHere = (kernel: Kernel): Promise<Target> =>
  nodeTarget(kernel, { threads: null, variant: null, webgpu: { adapter: null, allowSoftware: true, limits: {} } });

/** A kernel over the table, on its target. A host that dies fails the case that it ran; the next one gets another. */
export async function tallyKernel(
  kernel: Kernel,
  target: Target,
  cases: readonly PreparedCase[],
  compare: Compare,
): Promise<Tally> {
  const begin = performance.now();
  if (target.state !== 'open') {
    return { ...emptyTally(kernel.name, 'none'), failed: [`its target cannot be opened: ${target.reason}`] };
  }
  const tally = emptyTally(kernel.name, target.environment.device.name);
  await runCases(kernel, target, cases, compare, tally, (index) => {
    if (index % TELL_EVERY !== 0 && index !== cases.length) return;
    const { agree, differ, failed } = tally;
    process.stderr.write(
      `${kernel.name}: ${index} of ${cases.length} cases, ${agree} agree, ${differ.length} differ, ${failed.length} failed, ${minutesSince(begin).toFixed(1)} min\n`,
    );
  });
  return { ...tally, minutes: minutesSince(begin) };
}

async function runCases(
  kernel: Kernel,
  target: OpenTarget,
  cases: readonly PreparedCase[],
  compare: Compare,
  tally: Tally,
  told: (done: number) => void,
): Promise<void> {
  const pool = createHostPool();
  try {
    for (const [index, one] of cases.entries()) {
      try {
        const { host } = await pool.acquire(target);
        const limited = watched(host, () => RUN_LIMIT_S);
        const result = await kernelOutput(limited, kernel, one);
        if ('refused' in result) tally.refused.set(result.refused, (tally.refused.get(result.refused) ?? 0) + 1);
        else {
          tally.compiling += result.compileSeconds / 60;
          count(tally, one, compare(index, result.output, result.rounding));
        }
      } catch (error) {
        tally.failed.push(`${nameOf(one)}: ${messageOf(error)}`);
        await pool.check(target);
      }
      told(index + 1);
    }
  } finally {
    await pool.close();
    await target.close();
  }
}

/** What a kernel's cases came to, in a word. */
function wordOf({ agree, differ, failed, refused }: Tally): string {
  if (differ.length > 0) return 'WRONG';
  if (failed.length > 0) return 'FAILED';
  return agree === 0 && refused.size > 0 ? 'skipped' : 'right';
}

/** Whether a kernel, or the oracle, makes the whole wrong. */
export const isWrong = ({ differ, failed }: Tally): boolean => differ.length + failed.length > 0;

/** The lines of a kernel below the table: a reason for each case that it does not take, each difference, each failure. */
function linesOf({ kernel, differ, failed, refused }: Tally): string[] {
  return [
    ...[...refused].map(([reason, cases]) => `${kernel}: ${cases} not taken: ${reason}`),
    ...differ.map((line) => `${kernel}: WRONG ${line}`),
    ...failed.map((line) => `${kernel}: FAILED ${line}`),
  ];
}

/** A row for each kernel, then a line for each reason, difference and failure. */
export function formatTallies(tallies: readonly Tally[]): string {
  const head = [
    'kernel',
    'device',
    'agree',
    'differ',
    'failed',
    'not taken',
    'largest error',
    'minutes',
    'compiling',
    '',
  ];
  const body = tallies.map((tally) => [
    tally.kernel,
    tally.device,
    ...[tally.agree, tally.differ.length, tally.failed.length].map(String),
    String([...tally.refused.values()].reduce((sum, cases) => sum + cases, 0)),
    tally.agree === 0 ? '' : tally.closest.toPrecision(2),
    tally.minutes.toFixed(1),
    tally.compiling.toFixed(1),
    wordOf(tally),
  ]);
  const lines = [...alignColumns([head, ...body]), '', ...tallies.flatMap(linesOf)];
  return lines.map((line) => `${line}\n`).join('');
}
