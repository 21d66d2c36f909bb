/** The limits of a device in a line. */

import { formatBytes, withCommas } from '../format.ts';

/** "maxBufferSize 2.00 GiB, maxComputeInvocationsPerWorkgroup 1,024"; limits that count bytes have a unit. */
export function formatLimits(limits: Readonly<Record<string, number>>): string {
  return Object.entries(limits)
    .map(([name, value]) => `${name} ${/Bytes|Size/.test(name) ? formatBytes(value) : withCommas(value)}`)
    .join(', ');
}
