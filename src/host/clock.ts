/** The wall clock and its quantum. */

import type { ClockReport } from './host.ts';

/** Smallest step seen between successive readings of performance.now(), in seconds. */
export function wallQuantum(): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let step = 0; step < 50; step += 1) {
    const begin = performance.now();
    let now = begin;
    while (now === begin) now = performance.now();
    smallest = Math.min(smallest, now - begin);
  }
  return smallest / 1000;
}

export function wallClock(): ClockReport {
  return { clock: 'wall', quantumSeconds: wallQuantum(), emptySeconds: 0, note: null };
}
