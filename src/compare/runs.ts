/** Run against run: the cases that both measured, with ratios, intervals and verdicts that ignore mere noise. */

import { MIN_FOR_INTERVAL, type Summary, summarize } from '../measure/statistics.ts';
import { sameProblem } from '../problem/workload.ts';
import type { Context, Measured, RunDocument, Settings } from '../record/measurement.ts';
import { tflopsOf } from '../record/rate.ts';

/** 'same': certainly within 3 %. 'unclear': the interval does not decide, or there is none. */
export type Verdict = 'faster' | 'slower' | 'same' | 'unclear';

/** One kernel at one workload in both runs. */
export interface RunDifference {
  before: Measured;
  after: Measured;
  /** Throughput of `after` over `before`, and its 95 % bounds; null if either run has fewer than 6 samples. */
  ratio: number;
  low: number | null;
  high: number | null;
  verdict: Verdict;
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

/** The two were measured apart, so the bounds divide a lower bound by an upper one: wider than a paired interval. */
function difference(before: Measured, after: Measured, caveats: string[]): RunDifference {
  const [a, b] = [before, after].map((m) => summarize(m.samples.map(tflopsOf))) as [Summary, Summary];
  const ratio = b.median / a.median;
  const known = Math.min(before.samples.length, after.samples.length) >= MIN_FOR_INTERVAL;
  const low = known && a.high !== null && b.low !== null ? b.low / a.high : null;
  const high = known && a.low !== null && b.high !== null ? b.high / a.low : null;
  return { before, after, ratio, low, high, verdict: verdictOf(low, high), caveats };
}

function verdictOf(low: number | null, high: number | null): Verdict {
  if (low === null || high === null) return 'unclear';
  if (low > 1) return 'faster';
  if (high < 1) return 'slower';
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
