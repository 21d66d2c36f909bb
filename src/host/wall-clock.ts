/** The wall clock and its quantum. */

import { estimateResolution, type SortedSamples } from 'tinybench';
import type { ClockReport } from './contract.ts';

/** Steps seen between successive readings of performance.now(), reduced to the clock's resolution in seconds. */
function wallResolution(): number {
  const steps: number[] = [];
  for (let step = 0; step < 200; step += 1) {
    const begin = performance.now();
    let now = begin;
    while (now === begin) now = performance.now();
    steps.push(now - begin);
  }
  const sorted = steps.sort((a, b) => a - b) as unknown as SortedSamples;
  return (estimateResolution(sorted) ?? 0) / 1000;
}

export function wallClock(): ClockReport {
  return { clock: 'wall', quantumSeconds: wallResolution(), emptySeconds: 0, note: null };
}
