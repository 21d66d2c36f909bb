/** Sudden drops between neighbouring tiles: where a compiler has run out of registers, a tile a little larger is much slower. */

import { distance } from '../../../kernels/tunable.ts';
import type { ComparedSide, SideBySide } from './outcome.ts';

/** A tile that is much slower than its smaller neighbour. */
export interface LikelySpill {
  label: string;
  neighbour: string;
  /** Its throughput over the neighbour's. */
  ratio: number;
}

/** Below this share of a neighbour's throughput a drop is sudden: what a tile gains or loses by its size alone is less. */
const SUDDEN = 0.6;

/** A side with everything that the search needs. */
interface Tile {
  side: ComparedSide;
  configuration: NonNullable<ComparedSide['configuration']>;
  floats: number;
  threads: number;
  median: number;
  low: number;
  high: number;
}

/**
 * The tiles of a comparison of wgsl-flash that run at less than 0.6 of their neighbour: the nearest in its fields that keeps
 * no more floats a thread and has no more threads. Where there are intervals, both ends have to say so.
 */
export function likelySpills({ sides }: SideBySide): LikelySpill[] {
  const tiles = sides.flatMap((side): Tile[] => {
    const { configuration, threadFloats: floats, threads } = side;
    if (configuration === null || floats === null || threads === null) return [];
    // The first side is what the others are divided by.
    const ratio = side === sides[0] ? { median: 1, low: null, high: null } : side.ratio;
    if (ratio === null || side.measurement?.state !== 'measured') return [];
    const { median, low, high } = ratio;
    return [{ side, configuration, floats, threads, median, low: low ?? median, high: high ?? median }];
  });
  return tiles.flatMap((tile) => {
    const smaller = tiles.filter(
      ({ floats, threads }) =>
        floats <= tile.floats && threads <= tile.threads && floats * threads < tile.floats * tile.threads,
    );
    const [neighbour] = smaller.toSorted(
      (a, b) =>
        distance(a.configuration, tile.configuration) - distance(b.configuration, tile.configuration) ||
        b.floats * b.threads - a.floats * a.threads,
    );
    if (neighbour === undefined || tile.high >= SUDDEN * neighbour.low) return [];
    return [{ label: tile.side.label, neighbour: neighbour.side.label, ratio: tile.median / neighbour.median }];
  });
}
