/**
 * How often accesses of workgroup memory wait for each other: 32 banks of 4 bytes, each serving one word at a time, to all threads that want
 * it (NVIDIA, CUDA C++ Programming Guide, shared memory of compute capability 5.x and later). A warp's accesses of 16 bytes are served a
 * quarter of it at a time (the guide's older editions, compute capability 2.x, 128-bit accesses: conflicts are those of a quarter-warp).
 * AMD's LDS has 32 banks of 4 bytes too.
 */

const BANKS = 32;
const WORDS_OF_VECTOR = 4;
/** Threads whose 16 bytes each fill all banks once. */
const QUARTER = BANKS / WORDS_OF_VECTOR;

/**
 * Turns that the worst quarter takes where thread t wants vec4 `places[t]` (undefined: none), in place of one: distinct vec4s in the same
 * banks. 1 is free of conflicts.
 */
export function turns(places: readonly (number | undefined)[]): number {
  let worst = 0;
  for (let first = 0; first < places.length; first += QUARTER) {
    const wanted = new Set(places.slice(first, first + QUARTER).filter((place) => place !== undefined));
    const inBanks = new Array<number>(QUARTER).fill(0);
    for (const place of wanted) inBanks[place % QUARTER] = (inBanks[place % QUARTER] ?? 0) + 1;
    worst = Math.max(worst, ...inBanks);
  }
  return worst;
}
