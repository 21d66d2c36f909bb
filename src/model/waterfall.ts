/** From the specified rate of B200 down to AVO's 1668 TFLOPS: the steps, and the range of clocks that the last one hangs on. */

import type { Workload } from '../problem/workload.ts';
import type { Constants } from './calibrate.ts';
import { B200, B200_BURST_HZ } from './chip.ts';
import { productClocks } from './pipeline.ts';
import { BLOCK_KEYS, makespan, WORK_TILE_ROWS, workTiles } from './schedule.ts';

/** One step from the specified rate to AVO's 1668 TFLOPS: its factor and what it leaves. */
export interface Waterfall {
  step: string;
  factor: number;
  tflops: number;
}

/** What a clock of B200 would mean. */
export interface ClockShare {
  clockHz: number;
  what: string;
  /** Clocks of AVO's key block, and the share of them in which the matrix unit works. */
  blockClocks: number;
  matrixShare: number;
}

/** Only the seconds of a block are fitted. What they are in clocks, and what the matrix unit does in them, depends on the clock. */
export function clockRange({ block }: Constants): ClockShare[] {
  const products = 4 * productClocks(B200);
  const clocks: [number, string][] = [
    [products / block, 'the lowest that is possible: the products alone fill the block'],
    [B200.clockHz, 'nominal'],
    [B200_BURST_HZ, 'the highest, and the likeliest of a burst'],
  ];
  return clocks.map(([clockHz, what]) => {
    const blockClocks = block * clockHz;
    return { clockHz, what, blockClocks, matrixShare: products / blockClocks };
  });
}

/**
 * What reduces 2243 TFLOPS to 1668: the last wave, the fixed cost of a work tile, and blocks longer than their
 * products.
 */
export function waterfall(w: Workload, { block, fixed }: Constants): Waterfall[] {
  const tiles = workTiles(w, 'tokens').reduce((sum, { count }) => sum + count, 0);
  const blocks = w.seqKv / BLOCK_KEYS;
  const ideal = (4 * productClocks(B200)) / B200.clockHz;
  const peak = (B200.units * B200.clockHz * B200.tensorFlopsPerClock) / 1e12;
  const waves = tiles / B200.units / makespan([{ duration: 1, count: tiles }], B200.units);
  const share = (blocks * block) / (fixed + blocks * block);
  const steps: [string, number][] = [
    [`${B200.units} SMs x ${B200.tensorFlopsPerClock} FLOP at ${B200.clockHz / 1e9} GHz`, 1],
    [
      `${tiles} work tiles of ${WORK_TILE_ROWS} rows fill ${(tiles / B200.units).toFixed(2)} waves, which take ${Math.ceil(tiles / B200.units)}`,
      waves,
    ],
    [`beginning and end of a work tile, ${(fixed / block).toFixed(2)} blocks besides its ${blocks}`, share],
    [
      `a block takes ${Math.round(block * B200.clockHz)} clocks, its four products ${Math.round(ideal * B200.clockHz)}`,
      ideal / block,
    ],
  ];
  let tflops = peak;
  return steps.map(([step, factor]) => {
    tflops *= factor;
    return { step, factor, tflops };
  });
}
