/** Published limits of devices: peak rates, bandwidth and clocks, each row with its source. */

import rows from '../../results/published/devices.json' with { type: 'json' };

/** One row of the table of devices. */
export interface DeviceSpec {
  device: string;
  /** Dense BF16 or FP16 matrix products, TFLOPS, and what kind of number that is. */
  bf16Tflops: number;
  bf16Basis: string;
  /** FP32 multiply-adds outside of matrix units, TFLOPS, specification. */
  fp32Tflops: number;
  memoryTBs: number;
  /** Streaming multiprocessors, compute units or cores. */
  units: number;
  clockMHz: number | null;
  exponentialsPerClock: number | null;
  /** The best sustained BF16 matrix product on record, TFLOPS, after 30 s of warm-up: no limit of a burst. Null if there is none. */
  bestMatmulTflops: number | null;
  /** Matrix products in BF16, FLOPs a clock in each unit. */
  tensorFlopsPerClock?: number;
  /** FP32 multiply-adds outside of matrix units, FLOPs a clock in each unit, and the source of that. */
  fp32FlopsPerClock?: number;
  fp32Source?: string;
  sharedBytesPerClock?: number;
  /** The highest clock, and the source of that. */
  maxClockMHz?: number;
  clockSource?: string;
  source: string;
}

/** All devices, in the order of results/published/devices.json. */
export const DEVICES = rows as readonly DeviceSpec[];

/** The row of a device. Throws RangeError if the table has none. */
export function deviceSpec(device: string): DeviceSpec {
  const found = DEVICES.find((row) => row.device === device);
  if (found === undefined) throw new RangeError(`no published device is called '${device}'`);
  return found;
}
