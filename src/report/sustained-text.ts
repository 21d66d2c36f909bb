/** Burst and sustained rates in words. */

import { sustainedCases } from '../compare/sustained.ts';
import { formatChange, formatRate, formatSeconds } from '../format.ts';
import { describe } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';

/** What burst and sustained mean here, for below the lines. */
export const ABOUT_SUSTAINED =
  'Burst: the first second after a rest, or the first run where that took longer. Sustained: the second half of the time. Published figures are bursts. The clock is that of a chain of additions; where something else is busy it reads low.';

/** A line for each kernel that ran without a pause: "wasm-flash, 4k ...: burst 205 GFLOPS, sustained 190 GFLOPS over 60 s (-7.3 %)". */
export function sustainedLines(run: RunDocument): string[] {
  return sustainedCases(run).map(({ kernel, measurement, run: { burst, sustained, seconds }, share, clock }) => {
    const rates = `burst ${formatRate(burst)}, sustained ${formatRate(sustained)} over ${formatSeconds(seconds)} (${formatChange(100 * (share - 1))})`;
    const gigahertz = (hertz: number) => `${(hertz / 1e9).toFixed(2)} GHz`;
    const cores =
      clock === null
        ? ''
        : `; a core's clock ${gigahertz(clock.burst)} in the first second, ${gigahertz(clock.sustained)} in the second half`;
    return `${kernel}, ${describe(measurement.workload)}: ${rates}${cores}`;
  });
}
