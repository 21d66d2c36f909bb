/** The text of bench verify. */

import type { Verification } from '../host/oracle.ts';
import { describe, type Workload } from '../problem/workload.ts';

/** A kernel's output beside what it should be; --format json prints these fields. */
export interface VerifiedOutput {
  kernel: string;
  device: string;
  workload: Workload;
  agrees: boolean;
  oracle: Verification;
  /** Against the o of the file; null if it has none. */
  file: Verification | null;
}

/** The verdict, and a line for each reference with the errors beside their tolerance. */
export function formatVerification({ kernel, device, workload, agrees, oracle, file }: VerifiedOutput): string {
  const lines = [
    `${kernel} on ${device}, ${describe(workload)}: ${agrees ? 'agrees' : 'DISAGREES'}`,
    line('the float64 oracle', oracle),
    ...(file === null ? [] : [line("the file's o", file)]),
  ];
  return `${lines.join('\n')}\n`;
}

function line(reference: string, { maxAbsoluteError, maxRelativeError, tolerance, rows }: Verification): string {
  const [absolute, relative, allowed] = [maxAbsoluteError, maxRelativeError, tolerance].map((x) => x.toExponential(2));
  return `  against ${reference}: largest error ${absolute}, relative to its row ${relative}, tolerance ${allowed}, ${rows} rows`;
}
