/** A run as a table of text, for every format: a row for each measurement, and notes for what qualifies it. */

import { measurementCaveats } from '../compare/comparisons.ts';
import { seriesOf } from '../compare/published-figures.ts';
import { ablationGains } from '../compare/technique-gains.ts';
import { formatNumber, formatRatio, withCommas } from '../format.ts';
import { summarize } from '../measure/statistics.ts';
import { caveats } from '../messages.ts';
import { describe, formatHeads, formatLengths, type Workload } from '../problem/workload.ts';
import type { Measured, Measurement, RunDocument } from '../record/measurement.ts';
import { namesOf, ratioNames } from '../record/measurement-names.ts';
import { tflopsOf } from '../record/rate.ts';
import { reasonOf } from '../record/unmeasured.ts';
import { citedSeries } from './cited-figures.ts';

/** One measured case, every cell as text. */
export interface Row {
  kernel: string;
  mask: string;
  seq: string;
  /** Whatever else varies between the rows: heads, head dimension, batch. */
  shape: string;
  tflops: string;
  milliseconds: string;
  share: string;
  threads: string;
  /** Share of the ceiling that ran in the same rounds. */
  ceiling: string;
  error: string;
  /** How many times slower than each library of `libraries`. */
  slower: string[];
  /** Letters of its notes. */
  notes: string;
}

/** A whole run as a table with its notes. */
export interface Rows {
  title: string;
  libraries: string[];
  rows: Row[];
  /** Letters and texts. */
  notes: [string, string][];
  /** Cases without a number, each with its reason. */
  without: string[];
  /** Paired ratios to the baseline, one line each. */
  ratios: string[];
}

/** "a" to "z", then "aa", "ab" and so on. */
function letter(index: number): string {
  const low = String.fromCharCode(97 + (index % 26));
  return index < 26 ? low : letter(Math.floor(index / 26) - 1) + low;
}

/** The shape in words: the parts that all measurements share, for the title, and those that differ, for the rows. */
function shapeParts(measurements: readonly Measurement[]): { common: string; own: (w: Workload) => string } {
  const parts: [string, (w: Workload) => string][] = [
    ['heads', formatHeads],
    ['dim', (w) => `d ${w.headDim}`],
    ['batch', (w) => `batch ${w.batch}`],
    ['window', (w) => (w.window === null ? '' : `window ${w.window}`)],
    ['dtype', (w) => w.dtype],
  ];
  const varies = parts.filter(([, show]) => new Set(measurements.map((m) => show(m.workload))).size > 1);
  const fixed = parts.filter((part) => !varies.includes(part));
  const join = (list: typeof parts, w: Workload) =>
    list
      .map(([, show]) => show(w))
      .filter((text) => text !== '')
      .join(', ');
  const first = measurements[0]?.workload;
  return { common: first === undefined ? '' : join(fixed, first), own: (w) => join(varies, w) };
}

/** The rows of a run, in its order. */
export function toRows(run: RunDocument): Rows {
  const { common, own } = shapeParts(run.measurements);
  const libraries = citedSeries(run);
  const nameOf = namesOf(run.measurements, run.context);
  const notes = new Map<string, string>();
  const note = (text: string) => {
    if (!notes.has(text)) notes.set(text, letter(notes.size));
    return notes.get(text) as string;
  };
  const rows = run.measurements.flatMap((m, index): Row[] => {
    if (m.state !== 'measured') return [];
    const comparisons = run.comparisons.filter(({ measurement }) => measurement === index);
    // One note for the whole table says that no figure matches, however many workloads that concerns.
    const unmatched = comparisons.every(({ published }) => published === null);
    const list = unmatched ? [caveats.noMatchHere, ...measurementCaveats(m, run.context)] : comparisons[0]?.caveats;
    return [
      {
        kernel: nameOf(m),
        mask: m.workload.mask,
        seq: formatLengths(m.workload),
        shape: own(m.workload),
        tflops: withInterval(m),
        milliseconds: `${m.coverage < 1 ? '~' : ''}${withCommas(Number(formatNumber(m.passSeconds * 1000)))}`,
        share: m.coverage === 1 ? 'all' : `${formatNumber(m.coverage * 100)} %`,
        threads: m.threads === null ? '-' : String(m.threads),
        ceiling: m.ceiling === undefined ? '' : shareOfCeiling(m.ceiling),
        error: m.verification.maxRelativeError.toExponential(0),
        slower: libraries.map((library) => {
          const match = comparisons.find(({ published }) => published !== null && seriesOf(published) === library);
          return match?.ratio == null ? '-' : formatRatio(match.ratio, match.ratioError);
        }),
        notes: (list ?? []).map(note).join(' '),
      },
    ];
  });
  const without = run.measurements.flatMap((m) => {
    if (m.state === 'measured') return [];
    return [`${m.state}: ${nameOf(m)}, ${describe(m.workload)}: ${reasonOf(m)}`];
  });
  const shown = new Set(ablationGains(run).flatMap(({ on, off }) => [`${on}/${off}`, `${off}/${on}`]));
  // The ratios of an ablation have a table of their own.
  const others = run.ratios.filter(({ kernel, baseline }) => !shown.has(`${kernel}/${baseline}`));
  const ratios = others.map((item) => {
    const { workload, ratio, low, high } = item;
    const [kernel, baseline] = ratioNames(item, run.measurements, run.context);
    const interval = low === undefined || high === undefined ? '' : ` [${formatNumber(low)}, ${formatNumber(high)}]`;
    return `${kernel} runs at ${formatNumber(ratio)}${interval} times ${baseline}, ${describe(workload)}`;
  });
  const devices = run.context.devices.map(({ name, backend, software, variant, browser }) => {
    const extra = [variant, software ? 'software' : null, browser ?? null].filter((item) => item !== null).join(', ');
    return `${backend}: ${name}${extra === '' ? '' : ` (${extra})`}`;
  });
  const title = [common, ...new Set(devices)].filter((item) => item !== '').join(' · ');
  return { title, libraries, rows, notes: [...notes].map(([text, key]) => [key, text]), without, ratios };
}

function shareOfCeiling({ share, shareLow, shareHigh }: NonNullable<Measured['ceiling']>): string {
  const percent = (value: number) => (value * 100).toFixed(0);
  const interval =
    shareLow === undefined || shareHigh === undefined ? '' : ` [${percent(shareLow)}, ${percent(shareHigh)}]`;
  return `${percent(share)} %${interval}`;
}

/** The median with its interval, or with the spread in round brackets if there are fewer than 6 samples. */
function withInterval(m: Measured): string {
  const { median, low, high } = m.tflops;
  if (low !== undefined && high !== undefined)
    return `${formatNumber(median)} [${formatNumber(low)}, ${formatNumber(high)}]`;
  if (m.samples.length === 1) return formatNumber(median);
  const { minimum, maximum } = summarize(m.samples.map(tflopsOf));
  return `${formatNumber(median)} (${formatNumber(minimum)}-${formatNumber(maximum)})`;
}

/** Column titles and cells, without empty columns. */
export function toCells({ libraries, rows }: Rows): { header: string[]; body: string[][] } {
  const columns: [string, (row: Row) => string][] = [
    ['kernel', (row) => row.kernel],
    ['mask', (row) => row.mask],
    ['seq', (row) => row.seq],
    ['shape', (row) => row.shape],
    ['TFLOPS [95 %]', (row) => row.tflops],
    ['ms a pass', (row) => row.milliseconds],
    ['share run', (row) => row.share],
    ['threads', (row) => row.threads],
    ['of ceiling', (row) => row.ceiling],
    ['error', (row) => row.error],
    ...libraries.map((library, i): [string, (row: Row) => string] => [
      `slower than ${library}`,
      (row) => row.slower[i] ?? '-',
    ]),
    ['notes', (row) => row.notes],
  ];
  const used = columns.filter(([, cell]) => rows.some((row) => cell(row) !== ''));
  return { header: used.map(([title]) => title), body: rows.map((row) => used.map(([, cell]) => cell(row))) };
}
