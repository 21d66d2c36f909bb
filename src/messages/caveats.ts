/** What stands beside numbers and tables and qualifies them. */

export const caveats = {
  dtype: (measured: string, published: string) => `computed in ${measured}, published in ${published}`,
  software: 'software adapter: a CPU emulates the GPU',
  coverage: 'timed part of the work, full time extrapolated; --full runs it all',
  singleThread: 'single thread',
  notConverged: 'still noisy (> 2 %); --budget gives it more time',
  oneSample: '1 sample: no spread; --budget gives it more time',
  fewSamples: 'samples too few or too much alike for an interval: spread (smallest-largest) in its place',
  fewProcesses: (count: number) =>
    `${count === 1 ? 'one process' : `${count} processes`} cannot show what varies between processes: spread (smallest-largest), no interval; --processes 3 or more --budget gives one`,
  browser: 'a browser has one process, which cannot show what varies between processes: spread, no interval',
  abovePeak: 'above its own peak, which ran beside it: noise; --budget gives both more time',
  beyondPeak: 'above its own peak, and not by noise: do not rely on it; bench ceilings measures the peak alone',
  wallClock: 'timed by the wall clock, not by the GPU',
  warmKeys: 'K and V may have stayed in a cache between runs; in a model they come from memory: more keys show that',
  nearest: (series: string, workload: string, differences: readonly string[]) =>
    `nearest published: ${series}, ${workload}: ${differences.join(', ')}`,
  noMatch: 'no published figure is of decoding (few queries, many keys)',
} as const;

/** What a table that has no room for all its columns says below itself. */
export const omittedColumns = (names: readonly string[]) =>
  `Not shown for want of room: ${names.join(', ')}; --wide has all.`;

/** What the times of a dry run are. */
export const dryRunTimes = 'Times are for typical speeds; a run measures parts of the work that fit its budget.';

export const publishedOfDecoding =
  'No published figure is of decoding (few queries, many keys); --seq 4k, without --seq-kv, has figures beside it.';
