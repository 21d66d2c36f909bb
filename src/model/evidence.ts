/** What a forecast for a changed chip is worth: the same forecast for published devices that have the changed numbers. */

import { mean } from 'simple-statistics';
import { changedFigures, DEVICE_CHANGES, type DeviceChange } from '../compare/device-changes.ts';
import type { Published } from '../record/measurement.ts';
import type { Timing } from './assumptions.ts';
import { predictTflops } from './calibrate.ts';
import { B200, B200_BURST_HZ, type Chip } from './chip.ts';
import { fitLibrary, isLibrary, PACKING } from './libraries.ts';
import { moveConstants } from './moved-constants.ts';

/** A forecast of one published gain. Gains are relative: 0.1 is +10 %. */
export interface Forecast {
  /** The clock that the figures on B200 are taken to have; the figures do not say it. */
  b200ClockHz: number;
  gain: number;
  /** gain - published. */
  error: number;
}

/** A published gain of one device over another, and its forecasts. */
export interface EvidencePoint {
  before: Published;
  after: Published;
  published: number;
  forecasts: Forecast[];
}

/** Everything that one pair of published devices says about a forecast. */
export interface Evidence extends DeviceChange {
  points: EvidencePoint[];
  /** Mean absolute errors, one for each clock of B200. */
  meanErrors: number[];
  /** The same for the guess that nothing changes. */
  naiveMeanError: number;
}

/**
 * The published devices that have a number which differs between `chip` and B200, each with forecasts of its gains by the
 * constants of the library that was measured, for the workloads that were measured. `timing` is that of the simulation.
 */
export function evidenceFor(chip: Chip, timing: Timing): Evidence[] {
  return DEVICE_CHANGES.filter((change) => hasChanged(chip, change)).map((change) => {
    const { device, over, library } = change;
    if (!isLibrary(library)) throw new RangeError(`${library} is not modelled`);
    const fitted = fitLibrary(library);
    const { packing } = PACKING[library];
    // A clock matters only between B200, whose clock in a burst nobody tells, and another device.
    const clocks = over === 'B200' ? [B200.clockHz, B200_BURST_HZ] : [B200.clockHz];
    const rates = clocks.map((b200ClockHz) => {
      const [to, from] = [chipOf(device), chipOf(over)].map((chip) => {
        const at = chip === B200 ? { ...chip, clockHz: b200ClockHz } : chip;
        const constants = moveConstants(fitted, { to: at, timing, timingThere: timing, clockThereHz: b200ClockHz });
        return ({ workload }: Published) => predictTflops(workload, constants, at.units, packing);
      }) as [(figure: Published) => number, (figure: Published) => number];
      return { b200ClockHz, to, from };
    });
    const points = changedFigures(change).map(({ before, after, gain: published }): EvidencePoint => {
      const forecasts = rates.map(({ b200ClockHz, to, from }) => {
        const gain = to(after) / from(before) - 1;
        return { b200ClockHz, gain, error: gain - published };
      });
      return { before, after, published, forecasts };
    });
    return {
      ...change,
      points,
      meanErrors: clocks.map((_, index) => mean(points.map(({ forecasts }) => Math.abs(forecasts[index]?.error ?? 0)))),
      naiveMeanError: mean(points.map(({ published }) => Math.abs(published))),
    };
  });
}

/** Whether a chip was given a number that a device has and the one before it has not. */
function hasChanged(chip: Chip, { changes }: DeviceChange): boolean {
  const { units, clockMHz, exponentialsPerClock } = changes;
  return (
    (units !== undefined && chip.units === units) ||
    (clockMHz !== undefined && Math.round(chip.clockHz / 1e6) === clockMHz) ||
    (exponentialsPerClock !== undefined && chip.exponentialsPerClock === exponentialsPerClock)
  );
}

/** The rates of a published device: those of B200 with every change on the way from it. */
function chipOf(device: string): Chip {
  if (device === 'B200') return B200;
  const change = DEVICE_CHANGES.find((item) => item.device === device);
  if (change === undefined) throw new RangeError(`nothing is published on how ${device} differs from B200`);
  const before = chipOf(change.over);
  const { units, clockMHz, exponentialsPerClock } = change.changes;
  return {
    ...before,
    units: units ?? before.units,
    clockHz: clockMHz === undefined ? before.clockHz : clockMHz * 1e6,
    exponentialsPerClock: exponentialsPerClock ?? before.exponentialsPerClock,
  };
}
