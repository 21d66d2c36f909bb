/** The machine in front of the user by the same reasoning: what its measured limits allow attention to reach. */

import type { Summary } from '../measure/statistics.ts';
import { flops } from '../problem/flops.ts';
import type { Workload } from '../problem/workload.ts';
import type { Rates } from './chip.ts';
import { type Demand, demandOf, type Resource, roofline } from './roofline.ts';

/** On a GPU, vector operations of the online softmax for each score beside its exponential: maximum, scaling, sum. */
const SOFTMAX_OPERATIONS = 3;
/**
 * On a CPU, vector operations that the two products cost beside their multiply-adds: a score is stored once, and for each
 * block of 128 keys every output sum is loaded, scaled and stored. Each takes the place of a multiply-add of 2 FLOPs.
 */
const tileOperations = (w: Workload) => 1 + (3 * w.headDim) / 128;
/** Bytes of on-chip memory that a kernel with an 8 x 8 register tile reads for each FLOP: (8 + 8) floats for 64 multiply-adds. */
const TILE_BYTES_PER_FLOP = 0.5;

/** Rates of the three probes that ran in one round; null where a device has no such probe. FLOP/s, 1/s, B/s. */
export interface LocalRates {
  multiplyAdd: number;
  /** Exponentials; on a CPU those of an online softmax with its maxima and sums, which run on the same units. */
  exponential: number;
  onChip: number | null;
}

/** What the measured limits of a device allow attention to reach, and which of them binds. */
export interface LocalPrediction {
  kind: 'cpu' | 'gpu';
  /** FLOP/s, exact rule. */
  rate: number;
  /** The same if multiply-adds were all that there is to do. */
  multiplyAddRate: number;
  seconds: Record<Resource, number | null>;
  binds: Resource;
}

/**
 * Attention at the measured rates. On a CPU the same vector units multiply, add and compute the softmax, so their times add
 * up; on a GPU the longest of them is the bound. Main memory is left out: a block of rows reuses keys and values from caches.
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

/** A prediction beside what was measured in the same rounds. */
export interface LocalComparison {
  kernel: string;
  device: string;
  workload: Workload;
  /** TFLOPS: what the limits allow, and what was measured; medians over rounds. */
  predicted: number;
  measured: number;
  /** The rate of multiply-adds alone. */
  multiplyAdd: number;
  /** Measured over predicted, and over multiply-adds alone, round by round. */
  ratio: Summary;
  ceilingShare: Summary;
  /** Of the last round: seconds by resource and which binds. */
  prediction: LocalPrediction;
}
