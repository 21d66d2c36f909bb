/** Run against run: the cases that both measured, with ratios, intervals and verdicts that ignore mere noise. */

import type { Summary } from '../measure/series.ts';
import { decideRates, holdsProcesses, summarizeRates, widened } from '../measure/statistics.ts';
import { sameProblem } from '../problem/workload.ts';
import type { Context, Measured, RunDocument, Settings } from '../record/measurement.ts';

/**
 * 'faster' and 'slower': certainly by more than 3 %, in rate and, where one device ran both beside one ceiling, in the share of
 * it. 'same': certainly within 3 %. 'unclear': the bounds do not decide, or there are none.
 */
export type Verdict = 'faster' | 'slower' | 'same' | 'unclear';

/** One kernel at one workload in both runs. */
export interface RunDifference {
  before: Measured;
  after: Measured;
  /** Throughput of `after` over `before`, and its 95 % bounds; null if either run has no interval. */
  ratio: number;
  low: number | null;
  high: number | null;
  verdict: Verdict;
  /** True where a run has no interval: the verdict then takes processes to differ by the assumed deviation. */
  assumed: boolean;
  /** What else differs between the two: device, host, threads, variant, clock, kernel text. */
  caveats: string[];
}

/** Smaller differences do not count. */
const NEGLIGIBLE = 0.03;

/** Compares measurements of the same kernel and workload, in the order of `after`. */
export function compareRuns(before: RunDocument, after: RunDocument): RunDifference[] {
  const old = before.measurements.filter((m): m is Measured => m.state === 'measured');
  return after.measurements.flatMap((m): RunDifference[] => {
    if (m.state !== 'measured') return [];
    const matches = old.filter(
      (other) =>
        other.kernel === m.kernel &&
        sameProblem(other.workload, m.workload) &&
        other.workload.dtype === m.workload.dtype,
    );
    // If a kernel ran in several places, the most similar one counts.
    const [match] = matches.sort(
      (a, b) => differences(a, m, before, after).length - differences(b, m, before, after).length,
    );
    return match === undefined ? [] : [difference(match, m, differences(match, m, before, after))];
  });
}

function difference(before: Measured, after: Measured, caveats: string[]): RunDifference {
  const { ratio, low, high } = quotient(summarizeRates(before.samples), summarizeRates(after.samples));
  const rates = quotient(decideRates(before.samples), decideRates(after.samples));
  const verdict = verdictOf(rates, shareQuotient(before, after, caveats));
  return { before, after, ratio, low, high, verdict, assumed: low === null && rates.low !== null, caveats };
}

interface Quotient {
  ratio: number;
  low: number | null;
  high: number | null;
}

/**
 * `b` over `a` with its 95 % bounds: errors of independent runs add in quadrature, each side of an interval by itself and on
 * logarithms (Zou and Donner, Statistics in Medicine 27, 2008: the method of variance estimates recovery).
 */
function quotient(a: Bounded, b: Bounded): Quotient {
  const ratio = b.median / a.median;
  if (a.low === null || a.high === null || b.low === null || b.high === null) return { ratio, low: null, high: null };
  const apart = (...parts: [number, number]) => Math.exp(Math.hypot(...(parts.map(Math.log) as [number, number])));
  return {
    ratio,
    low: ratio / apart(b.median / b.low, a.high / a.median),
    high: ratio * apart(b.high / b.median, a.median / a.low),
  };
}

type Ceiling = NonNullable<Measured['ceiling']>;
type Bounded = Pick<Summary, 'median' | 'low' | 'high'>;

/**
 * The share of a ceiling after over the share before: what a clock or a neighbour does to a whole run it does to the ceiling
 * of the same rounds too. Null unless both ran alike beside the same one.
 */
function shareQuotient(before: Measured, after: Measured, caveats: readonly string[]): Quotient | null {
  const [a, b] = [before.ceiling, after.ceiling];
  if (a === undefined || b === undefined || a.name !== b.name || a.roof !== b.roof) return null;
  // Where only the text of the kernel differs, the machine is the same.
  if (caveats.some((caveat) => !caveat.startsWith('kernel text'))) return null;
  const [one, two] = [shareOf(a, before), shareOf(b, after)];
  return quotient(one, two);
}

/** A share with its interval; of fewer than 3 processes with what is assumed to vary between them. */
function shareOf({ share, shareLow, shareHigh }: Ceiling, { samples }: Measured): Bounded {
  const bounds = { median: share, low: shareLow ?? share, high: shareHigh ?? share };
  return shareLow !== undefined && holdsProcesses(samples) ? bounds : widened(bounds);
}

function verdictOf(rates: Quotient, shares: Quotient | null): Verdict {
  const found = verdictOn(rates);
  const moved = found === 'faster' || found === 'slower';
  return moved && shares !== null && verdictOn(shares) !== found ? 'unclear' : found;
}

function verdictOn({ low, high }: Quotient): Verdict {
  if (low === null || high === null) return 'unclear';
  if (low > 1 + NEGLIGIBLE) return 'faster';
  if (high < 1 - NEGLIGIBLE) return 'slower';
  return low > 1 - NEGLIGIBLE && high < 1 + NEGLIGIBLE ? 'same' : 'unclear';
}

function differences(a: Measured, b: Measured, runA: RunDocument, runB: RunDocument): string[] {
  const device = (m: Measured, run: RunDocument) => (m.device === null ? undefined : run.context.devices[m.device]);
  const [one, two] = [device(a, runA), device(b, runB)];
  const pairs: [string, unknown, unknown][] = [
    ['device', one?.name, two?.name],
    ['host', one?.browser ?? a.host, two?.browser ?? b.host],
    ['threads', a.threads, b.threads],
    ['variant', a.variant, b.variant],
    ['clock', a.samples[0]?.clock, b.samples[0]?.clock],
    ['kernel text', a.kernelHash, b.kernelHash],
  ];
  return pairs
    .filter(([, x, y]) => x !== y)
    .map(([what, x, y]) => `${what}: ${x ?? 'unknown'} before, ${y ?? 'unknown'} after`);
}

/** What differs between the programs, the machines and the settings of two runs. */
export function contextDifferences(before: Context, after: Context): string[] {
  const names = [...new Set([...Object.keys(before.versions), ...Object.keys(after.versions)])];
  const pairs: [string, string | undefined, string | undefined][] = [
    ...names.map((name): [string, string | undefined, string | undefined] => [
      name,
      before.versions[name],
      after.versions[name],
    ]),
    ['devices', devicesOf(before), devicesOf(after)],
    ['seed', `${before.seed}`, `${after.seed}`],
    ...settingPairs(before.settings, after.settings),
  ];
  return pairs
    .filter(([, x, y]) => x !== y)
    .map(([what, x, y]) => `${what} ${x ?? 'none'} before, ${y ?? 'none'} after`);
}

const devicesOf = ({ devices }: Context) =>
  [...new Set(devices.map(({ name, software }) => `${name}${software ? ' (software)' : ''}`))].join(' and ');

/** Settings side by side; nothing where one run was made before they were kept. */
function settingPairs(before: Settings | undefined, after: Settings | undefined): [string, string, string][] {
  if (before === undefined || after === undefined) return [];
  const other = describeSettings(after);
  return [...describeSettings(before)].map(([what, text]) => [what, text, other.get(what) ?? '']);
}

/** Settings by what they are called, as people read them; the seed stands in the context. */
function describeSettings({ budget, samples, full, baseline, adapter, limits, tiles }: Settings): Map<string, string> {
  const limited = Object.entries(limits).map(([name, value]) => `${name}=${value}`);
  return new Map([
    ['budget', `${budget} s`],
    ['samples', samples === null ? 'as many as settle' : `${samples}`],
    ['work', full ? 'whole workloads' : 'parts'],
    ['baseline', baseline ?? 'none'],
    ['adapter', adapter ?? 'any'],
    ['limits', limited.length === 0 ? 'none' : limited.sort().join(' and ')],
    ['configurations', { tuned: 'tuned', default: 'default', file: 'from a file' }[tiles]],
  ]);
}
