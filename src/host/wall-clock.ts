/** The wall clock, performance.now(), and its resolution: what most hosts time their samples by. */

import { estimateResolution, type SortedSamples } from 'tinybench';
import type { ClockReport } from './contract.ts';

/** Steps between successive readings that the estimate is made from. */
const STEPS = 200;

/** Measures the resolution of the wall clock, which takes a fraction of a millisecond, and reports it. */
export function wallClock(): ClockReport {
  return { clock: 'wall', quantumSeconds: wallResolution(), emptySeconds: 0, note: null };
}

/** Resolution of the wall clock in seconds; 0 where no step was seen. */
function wallResolution(): number {
  const steps: number[] = [];
  for (let step = 0; step < STEPS; step += 1) {
    const begin = performance.now();
    let now = begin;
    while (now === begin) now = performance.now();
    steps.push(now - begin);
  }
  const sorted = steps.sort((a, b) => a - b) as SortedSamples;
  return (estimateResolution(sorted) ?? 0) / 1000;
}
