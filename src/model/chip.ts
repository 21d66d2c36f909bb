/** The rates of a GPU that the model needs, and those of B200. */

import { deviceSpec } from '../compare/device-specs.ts';

/** Rates of a GPU, each of one streaming multiprocessor a clock unless the name says otherwise. */
export interface Chip {
  /** Streaming multiprocessors. */
  units: number;
  clockHz: number;
  /** FLOPs of the matrix unit a clock and multiprocessor, 2 for each multiply-add. */
  tensorFlopsPerClock: number;
  /** Exponentials of the special-function units a clock and multiprocessor. */
  exponentialsPerClock: number;
  /** Bytes of shared memory a clock and multiprocessor. */
  sharedBytesPerClock: number;
  memoryBytesPerSecond: number;
}

const spec = deviceSpec('B200');

/** A limit that the model cannot do without. Throws RangeError if the table of devices has none. */
function known(name: 'clockMHz' | 'tensorFlopsPerClock' | 'exponentialsPerClock' | 'sharedBytesPerClock'): number {
  const value = spec[name];
  if (value == null) throw new RangeError(`results/published/devices.json has no ${name} of B200`);
  return value;
}

/** B200 at its nominal clock, at which 148 x 8192 FLOPs a clock make the specified 2250 TFLOPS. */
export const B200: Chip = {
  units: spec.units,
  clockHz: known('clockMHz') * 1e6,
  tensorFlopsPerClock: known('tensorFlopsPerClock'),
  exponentialsPerClock: known('exponentialsPerClock'),
  sharedBytesPerClock: known('sharedBytesPerClock'),
  memoryBytesPerSecond: spec.memoryTBs * 1e12,
};

/**
 * The clock that B200 most likely has in a burst: its highest. Under load that lasts it falls to some 1.58 GHz (flashinfer pull
 * request 2899). The published figures say no clock, so whatever is counted in clocks holds for a stated one only.
 */
export const B200_BURST_HZ = (spec.maxClockMHz ?? Number.NaN) * 1e6;

/** Operations a second of a whole device; null if unknown. */
export interface Rates {
  /** FLOP/s, 2 for each multiply-add. */
  multiplyAdd: number | null;
  exponential: number | null;
  /** Bytes a second between the arithmetic and the memory beside it: shared or workgroup memory. */
  onChip: number | null;
  /** Bytes a second of main memory. */
  memory: number | null;
  /** True where the units that multiply and add compute exponentials too, so that the times add up. */
  sharedUnits: boolean;
}

/** The rates of a whole chip, from those of its multiprocessors. */
export function ratesOf(chip: Chip): Rates {
  const perSecond = chip.units * chip.clockHz;
  return {
    multiplyAdd: perSecond * chip.tensorFlopsPerClock,
    exponential: perSecond * chip.exponentialsPerClock,
    onChip: perSecond * chip.sharedBytesPerClock,
    memory: chip.memoryBytesPerSecond,
    sharedUnits: false,
  };
}
