/** The rows of the main figure: dots of kernels and published figures in groups by length, and the factors between them. */

import { findingOf } from '../compare/finding.ts';
import { formatFactor, formatRate } from '../format.ts';
import { formatLengths, formatScores, sameProblem, type Workload } from '../problem/workload.ts';
import type { Measured, Published, RunDocument } from '../record/measurement.ts';
import { localPoints } from './measured-points.ts';

/** Said of a dot that has no spread. */
export const ONE_SAMPLE = '1 sample';

/** One rate of the figure. */
export interface Dot {
  /** Names its row: group and name, the same for both masks. */
  row: string;
  /** Heading of its group: the length, with what is unusual. */
  group: string;
  order: number;
  mask: string;
  local: boolean;
  /** Kernel, or library with its device. */
  name: string;
  /** What its colour stands for. */
  series: string;
  tflops: number;
  low: number;
  high: number;
  samples: number;
  label: string;
  /** Where it comes from. */
  detail: string;
  /** Index of its measurement; -1 for a figure. */
  measurement: number;
}

/** The way from the fastest kernel of a group to its reference. */
export interface Link {
  row: string;
  mask: string;
  tflops: number;
  to: number;
  /** The geometric mean of both, where the text stands. */
  middle: number;
  text: string;
}

/** Dots of the measured cases and of the figures that they are compared with, figures first, in groups by length. */
export function dotsOf(run: RunDocument): Dot[] {
  const here = localPoints(run).map(({ kernel, device, tflops, low, high, measurement: m }): Dot => {
    const one = m.samples.length === 1;
    return {
      ...placeOf(m.workload, fewerThreads(m, run), kernel),
      local: true,
      series: kernel,
      ...{ tflops, low, high },
      samples: m.samples.length,
      label: `${formatRate(tflops)}${one ? `, ${ONE_SAMPLE}` : ''}`,
      detail: `measured here: ${device}`,
      measurement: run.measurements.indexOf(m),
    };
  });
  const figures = new Map<string, Dot>();
  // Each figure once, however many measurements stand beside it.
  const shown = [...new Set(run.comparisons.flatMap(({ published }) => (published === null ? [] : [published])))];
  for (const { measurement, published, kind } of run.comparisons) {
    const m = run.measurements[measurement];
    if (published === null || m === undefined) continue;
    const other = kind === 'nearest' ? `, ${nearestName(published.workload, m.workload)}` : '';
    const name = `${figureName(published, shown)}${other}`;
    const dot: Dot = {
      ...placeOf(m.workload, null, name),
      local: false,
      series: published.library,
      tflops: published.tflops,
      low: published.tflops - (published.error ?? 0),
      high: published.tflops + (published.error ?? 0),
      samples: 0,
      label: formatRate(published.tflops),
      detail: `${published.device}, ${published.library} ${published.version}, ${published.source}`,
      measurement: -1,
    };
    figures.set(`${dot.row} ${dot.mask}`, dot);
  }
  return [...figures.values(), ...here];
}

/** The groups of rows, the shortest length first: the row of the heading, then a row for each name. */
export function groupsOf(dots: readonly Dot[]): { heading: string; rows: { row: string; name: string }[] }[] {
  const groups = [...new Map(dots.map(({ group, order }) => [group, order]))].sort((a, b) => a[1] - b[1]);
  return groups.map(([heading]) => ({
    heading,
    rows: [
      ...new Map(dots.filter(({ group }) => group === heading).map(({ row, name }) => [row, { row, name }])).values(),
    ],
  }));
}

/**
 * The way from the fastest kernel of each group to its reference: AVO where it has a figure, else the fastest one, as the
 * finding chooses it; with the ratio of the comparison, so that the figure and the table show one number.
 */
export function linksOf(run: RunDocument, dots: readonly Dot[]): Link[] {
  const groups = new Map<string, Dot>();
  for (const dot of dots.filter(({ local }) => local)) {
    const key = `${dot.group} ${dot.mask}`;
    if ((groups.get(key)?.tflops ?? 0) < dot.tflops) groups.set(key, dot);
  }
  return [...groups.values()].flatMap(({ row, mask, tflops, measurement }): Link[] => {
    const m = run.measurements[measurement];
    if (m === undefined) return [];
    // The finding of a run of this point alone: one rule chooses every reference.
    const own = run.comparisons.filter((item) => item.measurement === measurement);
    const alone = { ...run, measurements: [m], comparisons: own.map((item) => ({ ...item, measurement: 0 })) };
    const reference = findingOf(alone)?.reference;
    if (reference == null || reference.published.tflops <= tflops) return [];
    const to = reference.published.tflops;
    return [{ row, mask, tflops, to, middle: Math.sqrt(tflops * to), text: `${formatFactor(reference.ratio)}x` }];
  });
}

/** "cuDNN on B200"; with version where another figure of the library and device is shown, and source where even that is not enough. */
function figureName(figure: Published, shown: readonly Published[]): string {
  const others = shown.filter(({ library, device }) => library === figure.library && device === figure.device);
  const differ = (of: (item: Published) => string) => others.some((item) => of(item) !== of(figure));
  const version = differ((item) => item.version) ? ` ${figure.version}` : '';
  const source = others.some((item) => item.version === figure.version && item.source !== figure.source)
    ? ` (${figure.source.split(' ').slice(0, 2).join(' ')})`
    : '';
  return `${figure.library}${version} on ${figure.device}${source}`;
}

/** What a nearest figure is of, so far as it differs at a glance: "at 4k", "causal at 4k". */
function nearestName(published: Workload, w: Workload): string {
  const mask = published.mask === w.mask ? '' : `${published.mask} `;
  return `${mask}at ${formatLengths(published)} (nearest)`;
}

/**
 * The threads of a measurement, if the same kernel also ran this workload with more of them, as in some suites; else
 * null.
 */
function fewerThreads(m: Measured, run: RunDocument): number | null {
  const more = run.measurements.some(
    (other) =>
      other.kernel === m.kernel &&
      other.host === m.host &&
      (other.threads ?? 0) > (m.threads ?? 0) &&
      sameProblem(other.workload, m.workload),
  );
  return more ? m.threads : null;
}

/** The place of a dot. Its group names heads, head dimension, window or threads only if they are not the usual ones. */
function placeOf(w: Workload, threads: number | null, name: string) {
  const parts = [
    formatLengths(w),
    w.queryHeads === w.kvHeads ? '' : `${w.queryHeads}/${w.kvHeads} heads`,
    w.headDim === 128 ? '' : `d ${w.headDim}`,
    w.window === null ? '' : `window ${w.window}`,
    formatScores(w),
    threads === null ? '' : `${threads} thread${threads === 1 ? '' : 's'}`,
  ];
  const group = parts.filter((part) => part !== '').join(', ');
  const order = w.seqKv * 1e3 + w.headDim + w.kvHeads / 1e3 + (threads === null ? 0 : 1e-4);
  return { row: `${group}: ${name}`, group, order, mask: w.mask, name };
}
