/** Measurements beside published figures: ratios with errors, and the caveats that belong to each. */

import { isSimulated, processesOf, summarizeRates } from '../measure/statistics.ts';
import { caveats } from '../messages.ts';
import { mayBeWarm } from '../problem/cold-keys.ts';
import { flops } from '../problem/flops.ts';
import { describe, formatDtype, type Workload } from '../problem/workload.ts';
import type { Comparison, Context, Measured, Measurement, Published } from '../record/measurement.ts';
import { differencesOf, matching, nearest, type PublishedSet, seriesOnDevice } from './published-figures.ts';
import { aboveOwnLimit } from './share-of-limit.ts';

/** Why a point of several samples has no interval. */
function noInterval({ samples, host }: Measured): string {
  if (isSimulated(samples)) return caveats.fewSamples;
  return host === 'browser' ? caveats.browser : caveats.fewProcesses(processesOf(samples));
}

/** Everything that qualifies a measured number, whatever it is compared with. */
export function measurementCaveats(m: Measured, context: Context): string[] {
  const device = m.device === null ? undefined : context.devices[m.device];
  const list: string[] = [];
  if (device?.software) list.push(caveats.software);
  if (m.coverage < 1) list.push(caveats.coverage);
  if (m.threads === 1 && m.backend !== 'webgpu') list.push(caveats.singleThread);
  if (m.samples.length === 1) list.push(caveats.oneSample);
  else if (m.tflops.low === undefined) list.push(noInterval(m));
  else if (!m.converged) list.push(caveats.notConverged);
  const above = aboveOwnLimit(m);
  if (above !== null) list.push(above === 'beyond' ? caveats.beyondPeak : caveats.abovePeak);
  if (m.backend === 'webgpu' && m.samples[0]?.clock === 'wall') list.push(caveats.wallClock);
  if (mayBeWarm(m.workload, m.coverage, m.copies ?? 1)) list.push(caveats.warmKeys);
  return list;
}

/** That types differ, where they do. */
const dtypeCaveat = (measured: Workload, published: Workload) =>
  measured.dtype === published.dtype ? [] : [caveats.dtype(measured.dtype, formatDtype(published.dtype))];

/** The rate of a figure recounted by the exact FLOP rule, TFLOPS, as measured rates are. */
export const exactTflops = ({ workload, rule, tflops }: Published) =>
  (tflops * flops(workload, 'exact')) / flops(workload, rule);

/**
 * published / measured for one figure, which is recounted by the exact FLOP rule first. The
 * relative error combines half the measured interval (half the spread without one; unknown for a single sample) and the
 * figure's error bar in quadrature, the rule for a quotient of independent quantities.
 */
export function ratioTo(m: Measured, figure: Published): { ratio: number; ratioError: number | null } {
  const ratio = exactTflops(figure) / m.tflops.median;
  if (m.samples.length < 2) return { ratio, ratioError: null };
  const { median, minimum, maximum, low, high } = summarizeRates(m.samples);
  const measuredError = ((high ?? maximum) - (low ?? minimum)) / 2 / median;
  const publishedError = (figure.error ?? 0) / figure.tflops;
  return { ratio, ratioError: ratio * Math.hypot(measuredError, publishedError) };
}

/**
 * The comparisons of every measurement, in order: with each exact figure, or else with the one nearest figure. A
 * measurement that has neither gets a comparison that says so.
 */
export function comparePublished(
  measurements: readonly Measurement[],
  context: Context,
  set: PublishedSet,
): Comparison[] {
  return measurements.flatMap((m, index): Comparison[] => {
    if (m.state !== 'measured') return [];
    const own = measurementCaveats(m, context);
    const exact = matching(m.workload, set);
    if (exact.length > 0) {
      return exact.map((published) => ({
        measurement: index,
        kind: 'exact',
        published,
        ...ratioTo(m, published),
        caveats: [...dtypeCaveat(m.workload, published.workload), ...own],
      }));
    }
    const published = nearest(m.workload, set);
    if (published === null) {
      return [
        { measurement: index, published: null, ratio: null, ratioError: null, caveats: [caveats.noMatch, ...own] },
      ];
    }
    const differences = differencesOf(m.workload, published.workload);
    const note = caveats.nearest(seriesOnDevice(published), describe(published.workload), differences);
    return [
      {
        measurement: index,
        kind: 'nearest',
        published,
        ...ratioTo(m, published),
        caveats: [note, ...dtypeCaveat(m.workload, published.workload), ...own],
      },
    ];
  });
}
