/** The same reasoning for the user's own machine: what its measured limits allow attention to reach. */

import { flops } from '../problem/flops.ts';
import { valueDim, type Workload } from '../problem/workload.ts';
import type { Rates } from './chip.ts';
import { type Demand, demandOf, type Resource, roofline } from './roofline.ts';

/**
 * On a GPU: vector operations of the online softmax for each score, apart from its exponential: maximum, scaling, sum.
 */
const SOFTMAX_OPERATIONS = 3;
/**
 * On a CPU: vector operations of the two products for each score, apart from their multiply-adds. A score is stored
 * once, and every output sum is loaded, scaled and stored for each block of 128 keys. Each takes the time of a
 * multiply-add, 2 FLOPs.
 */
const tileOperations = (w: Workload) => 1 + (3 * valueDim(w)) / 128;
/** On-chip bytes that a kernel with an 8 x 8 register tile reads for each FLOP: (8 + 8) floats for 64 multiply-adds. */
const TILE_BYTES_PER_FLOP = 0.5;

/** Rates of the three probes of one round, FLOP/s, 1/s and B/s; null if the device has no such probe. */
export interface LocalRates {
  multiplyAdd: number;
  /** Exponentials; on a CPU scores of a whole online softmax, since its maxima and sums run on the same units. */
  exponential: number;
  onChip: number | null;
}

/** What the measured limits of a device allow attention to reach, and which of them binds. */
export interface LocalPrediction {
  kind: 'cpu' | 'gpu';
  /** FLOP/s, exact rule. */
  rate: number;
  /** The rate if there were nothing but multiply-adds. */
  multiplyAddRate: number;
  seconds: Record<Resource, number | null>;
  binds: Resource;
}

/**
 * Attention at the measured rates. On a CPU the same vector units multiply, add and compute the softmax, so their times
 * add up; on a GPU the longest of them is the bound. Main memory is left out, since a block of rows reuses keys and
 * values from caches.
 */
export function predictLocal(w: Workload, rates: LocalRates, kind: 'cpu' | 'gpu'): LocalPrediction {
  const work = flops(w);
  const scores = demandOf(w).exponential;
  const demand: Demand = {
    ...demandOf(w),
    multiplyAdd: work + 2 * scores * (kind === 'gpu' ? SOFTMAX_OPERATIONS : tileOperations(w)),
    onChip: work * TILE_BYTES_PER_FLOP,
  };
  const known: Rates = { ...rates, memory: null, sharedUnits: kind === 'cpu' };
  const { bound, seconds, binds } = roofline(demand, known);
  return { kind, rate: work / bound, multiplyAddRate: rates.multiplyAdd, seconds, binds };
}
