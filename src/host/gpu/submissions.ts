/** How much work a submission holds: long enough to fill the device, short enough for its watchdog, in whole waves of workgroups. */

/**
 * Seconds that a submission aims at. Each one drains the device: at the end of the last wave its units wait for the slowest.
 *
 * Watched are Windows, which resets a device that answers nothing for two seconds (TdrDelay), Metal, and browsers, where what is drawn
 * waits meanwhile. On Linux outside a browser no limit below seconds is known.
 */
export const SUBMISSION_SECONDS = { watched: 0.05, unwatched: 0.25 } as const;

/** What is known of the work tiles of a prepared part. */
export interface TileQueue {
  /** Work tiles in all. */
  tiles: number;
  /** FLOPs of work tile t at t % length. */
  workTileFlops: readonly number[];
  /** Most work tiles in one submission. */
  workTilesAtOnce: number;
  /** Work tiles that a large GPU runs at once, as the program estimates them; 1 where it does not. */
  wave: number;
  /** FLOP/s seen so far. */
  rate: number;
}

/**
 * Work tiles from number `from` on for one submission that aims at so many seconds, one at least, and the FLOPs of their attention. What
 * is left is shared out evenly, so that no last submission is a sliver, and in whole waves where one holds several.
 */
export function nextSubmission(queue: TileQueue, from: number, seconds: number): { count: number; flops: number } {
  const { tiles, workTileFlops, workTilesAtOnce, wave, rate } = queue;
  const left = tiles - from;
  const flopsOf = (index: number) => workTileFlops[index % workTileFlops.length] ?? 0;
  const target = rate * seconds;
  let most = 0;
  for (let flops = 0; most < Math.min(workTilesAtOnce, left) && (most === 0 || flops < target); most += 1) {
    flops += flopsOf(from + most);
  }
  // A wave more than fits in the time would be twice the time where only one fits.
  const unit = most >= 2 * wave ? wave : 1;
  const whole = most - (most % unit);
  const even = Math.ceil(left / Math.ceil(left / whole) / unit) * unit;
  const count = most === left ? left : Math.min(left, even);
  let flops = 0;
  for (let i = 0; i < count; i += 1) flops += flopsOf(from + i);
  return { count, flops };
}
