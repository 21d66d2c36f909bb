/** A sample on a CPU: passes one after the other, until together they are long enough to be one. */

import type { Sample } from '../contract.ts';

/**
 * A pass of a millisecond that follows something else is mostly threads that wake up and clocks that rise. A model's layers
 * follow each other at once, and so do these passes.
 */
const LEAST_SECONDS = 0.01;
/** The first of so many passes weighs little. */
const MOST_PASSES = 16;

/** Runs `pass`, which returns its seconds, once or again and again; `flops` are those of one pass. */
export async function sampleOf(flops: number, pass: () => number | Promise<number>): Promise<Sample> {
  let seconds = 0;
  let passes = 0;
  do {
    seconds += await pass();
    passes += 1;
  } while (seconds < LEAST_SECONDS && passes < MOST_PASSES);
  return { seconds, flops: flops * passes, clock: 'wall', ...(passes === 1 ? {} : { passes }) };
}
