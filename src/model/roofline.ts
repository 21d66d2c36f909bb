/** Roofline of attention: the time that each resource of a device needs for the work, and which of them binds. */

import { flops } from '../problem/flops.ts';
import { bytes, elementBytes, valueDim, type Workload } from '../problem/workload.ts';
import type { Rates } from './chip.ts';

/** What attention needs of a device. */
export type Resource = 'multiplyAdd' | 'exponential' | 'onChip' | 'memory';
const RESOURCES: readonly Resource[] = ['multiplyAdd', 'exponential', 'onChip', 'memory'];

/** What a piece of attention needs of each resource: FLOPs, exponentials, bytes, bytes. */
export type Demand = Record<Resource, number>;

/** Rows and keys of a tile whose operands are read from on-chip memory once. */
export const TILE = 128;

/**
 * One tile of M query rows and N keys: 2 M N (d + d_v) FLOPs and M N exponentials. On-chip bytes as the FA4 paper counts them
 * (section 2.2): each 128 rows read q and k for the scores and v for the output, while the weights stay in tensor
 * memory.
 */
export function tileDemand(
  rows: number,
  keys: number,
  headDim: number,
  headDimV: number,
  bytesPerElement: number,
): Omit<Demand, 'memory'> {
  return {
    multiplyAdd: 2 * rows * keys * (headDim + headDimV),
    exponential: rows * keys,
    onChip: bytesPerElement * (headDim * rows + (headDim + headDimV) * keys * (rows / TILE)),
  };
}

/**
 * The demand of a whole workload: exactly the query-key pairs that it keeps, and each tensor through main memory once.
 */
export function demandOf(workload: Workload): Demand {
  const work = flops(workload);
  const tile = tileDemand(TILE, TILE, workload.headDim, valueDim(workload), elementBytes(workload.dtype));
  const tiles = work / tile.multiplyAdd;
  return {
    multiplyAdd: work,
    exponential: tile.exponential * tiles,
    onChip: tile.onChip * tiles,
    memory: bytes(workload),
  };
}

/** The time of each resource and the bound that they give. */
export interface Roofline {
  /** Seconds that each resource would take alone; null if its rate is not known. */
  seconds: Record<Resource, number | null>;
  binds: Resource;
  /**
   * Lower bound of the time: the longest of them, or the sum of multiply-adds and exponentials if these share units.
   */
  bound: number;
  /** FLOPs for each byte of main memory. */
  intensity: number;
}

/** The roofline of a demand at given rates. Throws RangeError if no rate is known. */
export function roofline(demand: Demand, rates: Rates): Roofline {
  const of = (resource: Resource) => {
    const rate = rates[resource];
    return rate === null ? null : demand[resource] / rate;
  };
  const seconds = {
    multiplyAdd: of('multiplyAdd'),
    exponential: of('exponential'),
    onChip: of('onChip'),
    memory: of('memory'),
  };
  const known = RESOURCES.filter((resource) => seconds[resource] !== null);
  const longest = known.reduce<Resource | null>(
    (best, item) => (best === null || (seconds[item] ?? 0) > (seconds[best] ?? 0) ? item : best),
    null,
  );
  if (longest === null) throw new RangeError('a roofline needs at least one rate');
  const together = rates.sharedUnits ? (seconds.multiplyAdd ?? 0) + (seconds.exponential ?? 0) : 0;
  return {
    seconds,
    binds: longest,
    bound: Math.max(seconds[longest] ?? 0, together),
    intensity: demand.multiplyAdd / demand.memory,
  };
}
