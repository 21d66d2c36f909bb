/** The finding: the one point of a run that headlines speak of, and the sentence about it, the same everywhere. */

import { counted, formatFactor, formatRate, MOST_HALF } from '../format.ts';
import { isSimulated, processesOf, relativeHalfWidth } from '../measure/statistics.ts';
import { nothingMeasured, publishedOfDecoding } from '../messages.ts';
import {
  formatDtype,
  formatHeadDims,
  formatLengths,
  formatScores,
  formatSize,
  isGrouped,
  sameProblem,
  valueDim,
  type Workload,
} from '../problem/workload.ts';
import type { Comparison, Measured, Published, RunDocument } from '../record/measurement.ts';
import { namesOf } from '../record/measurement-names.ts';
import { reasonsOf } from '../record/unmeasured.ts';
import { differencesOf } from './published-figures.ts';
import { isBurst } from './published-timing.ts';

/** The measurement that headlines speak of, and the published figure beside it. */
export interface Finding {
  measured: Measured;
  /** Its kernel; if that ran in several places, with the place in brackets. */
  kernel: string;
  /** Where it ran: "2 threads", or the name of its device. */
  where: string;
  software: boolean;
  /** The figure that it is set beside, exact or nearest; null where none can be. */
  reference: (Comparison & { published: Published; ratio: number }) | null;
}

/**
 * The point that headlines speak of: of the workloads that have an exact published figure (of all, where none has) the
 * longest, of those the least unlike its figure, the full mask before the causal one, then the one with the most work;
 * there the fastest kernel. Its reference is AVO where it has a figure, else the fastest published one. Null where nothing
 * was measured.
 */
export function findingOf(run: RunDocument): Finding | null {
  const measured = run.measurements.flatMap((m, index) => (m.state === 'measured' ? [{ m, index }] : []));
  const comparisons = Map.groupBy(run.comparisons, ({ measurement }) => measurement);
  const points = measured.map(({ m, index }) => {
    const reference = referenceOf(comparisons.get(index) ?? []);
    const unlike = reference === null ? 0 : differencesOf(m.workload, reference.published.workload).length;
    return { m, reference, unlike };
  });
  const common = points.filter(({ reference }) => reference?.kind === 'exact');
  const pool = common.length > 0 ? common : points;
  const [main] = [...pool].sort(comparePoints);
  if (main === undefined) return null;
  const { m, reference } = pool
    .filter((point) => sameProblem(point.m.workload, main.m.workload))
    .reduce((best, point) => (point.m.tflops.median > best.m.tflops.median ? point : best));
  const device = m.device === null ? undefined : run.context.devices[m.device];
  const place = m.threads === null ? (device?.name ?? m.backend) : counted(m.threads, 'thread');
  return {
    measured: m,
    kernel: namesOf(run.measurements, run.context)(m),
    where: place,
    software: device?.software === true,
    reference,
  };
}

/** Sorts the longest first, few differences from the figure before many, the full mask before the causal one, much work before little. */
function comparePoints(first: { m: Measured; unlike: number }, second: { m: Measured; unlike: number }): number {
  const [a, b] = [first.m.workload, second.m.workload];
  const work = (w: Workload) => w.batch * w.queryHeads * (w.headDim + valueDim(w)) * w.seqQuery;
  return (
    b.seqKv - a.seqKv ||
    first.unlike - second.unlike ||
    Number(a.mask === 'causal') - Number(b.mask === 'causal') ||
    work(b) - work(a)
  );
}

/** Of the comparisons of a measurement the one that counts: an exact figure before a nearest one, AVO before others, then the fastest. */
function referenceOf(comparisons: readonly Comparison[]): Finding['reference'] {
  const rank = ({ kind, published }: { kind?: string | undefined; published: Published }) =>
    (kind === 'nearest' ? 2 : 0) + (published.library === 'AVO' ? 0 : 1);
  const own = comparisons.flatMap((comparison) => {
    const { published, ratio } = comparison;
    return published !== null && ratio !== null ? [{ ...comparison, published, ratio }] : [];
  });
  return own.sort((a, b) => rank(a) - rank(b) || b.published.tflops - a.published.tflops)[0] ?? null;
}

/** The finding of a run in words, with what qualifies it; `nextStep` says what to do where nothing was measured. */
export function findingText(run: RunDocument, nextStep?: string): string {
  const finding = findingOf(run);
  if (finding === null) {
    const interrupted = run.context.cancelled && run.measurements.length === 0;
    const step = interrupted ? nothingMeasured.afterInterrupt : nothingMeasured.nextStep;
    return nothingMeasured.text(
      interrupted ? [nothingMeasured.interrupted] : reasonsOf(run.measurements),
      nextStep ?? step,
    );
  }
  return [headline(finding), ...qualifiers(finding)].join(' ');
}

/**
 * The finding in one sentence, for titles: "MHA at 32k runs 13,000 times slower here (wasm-flash, f32, 2 threads, 126
 * GFLOPS) than AVO's published 1668 TFLOPS on a B200 (BF16, burst)." Beside a nearest figure it says that it is one.
 */
export function headline({ measured: m, kernel, where, software, reference }: Finding): string {
  const w = m.workload;
  const here = software ? 'on a software adapter here' : 'here';
  const rate = formatRate(m.tflops.median);
  const what = `${w.mask === 'causal' ? 'Causal ' : ''}${problem(w)}`;
  if (reference?.kind === 'exact') {
    return `${what} runs ${speed(reference.ratio)} ${here} (${kernel}, ${w.dtype}, ${where}, ${rate}) than ${figureText(reference.published)}.`;
  }
  const alone = `${what} runs at ${rate} ${here} (${kernel}, ${w.dtype}, ${where}).`;
  if (reference === null) return `${alone} ${publishedOfDecoding}`;
  const { published, ratio } = reference;
  const mask = published.workload.mask === w.mask ? '' : ` ${published.workload.mask}`;
  const factor = ratio >= 1 ? `${formatFactor(ratio)} times faster` : `${formatFactor(1 / ratio)} times slower`;
  return `${alone} Nearest published: ${problem(published.workload)}${mask}, ${figureText(published, '')}, ${factor}.`;
}

/** What makes the number less sure than it looks: other shapes, part of the work, few samples, noise. */
function qualifiers({ measured: m, reference }: Finding): string[] {
  const { median, low = null, high = null } = m.tflops;
  // The interval of the record, as the table has it.
  const halfWidth = relativeHalfWidth({ median, low, high });
  const count = m.samples.length;
  const parts = [
    ...(m.coverage < 1 ? [`extrapolated from ${formatShare(m.coverage)} of the work`] : []),
    ...(count === 1 ? ['from 1 sample, so its spread is unknown'] : []),
    ...(count > 1 && !Number.isFinite(halfWidth) ? [ofSamples(m.samples)] : []),
    ...(low !== null && high !== null && !m.converged ? [`still noisy (${noise(halfWidth, low, high)})`] : []),
  ];
  const list: string[] = [];
  if (reference?.kind === 'nearest') {
    list.push(`That figure has ${differencesOf(m.workload, reference.published.workload).join(', ')}.`);
  }
  if (parts.length > 0) list.push(`The rate here is ${parts.join(', ')}.`);
  return list;
}

/** How many samples without an interval, and of how many processes: a simulated clock has no use of more. */
function ofSamples(samples: Measured['samples']): string {
  if (isSimulated(samples)) return `from ${samples.length} samples only`;
  const processes = processesOf(samples);
  return `from ${samples.length} samples of ${processes === 1 ? 'one process' : `${processes} processes`}, so without an interval`;
}

const noise = (halfWidth: number, low: number, high: number) =>
  halfWidth <= MOST_HALF
    ? `± ${Number((100 * halfWidth).toPrecision(2))} %`
    : `somewhere from ${formatRate(low)} to ${formatRate(high)}`;

/** "MHA at 32k", or "GQA (32/4 heads) at 32k", with what else is unusual. */
function problem(w: Workload): string {
  const heads = isGrouped(w) ? `GQA (${w.queryHeads}/${w.kvHeads} heads)` : 'MHA';
  const unusual = [
    formatHeadDims(w) === '128' ? '' : `head dimension ${formatHeadDims(w)}`,
    w.window === null ? '' : `window ${formatSize(w.window)}`,
    formatScores(w),
  ].filter((text) => text !== '');
  return `${heads} at ${formatLengths(w)}${unusual.length === 0 ? '' : ` (${unusual.join(', ')})`}`;
}

/** "13,000 times slower", or "1.5 times faster". */
const speed = (ratio: number) =>
  ratio >= 1 ? `${formatFactor(ratio)} times slower` : `${formatFactor(1 / ratio)} times faster`;

/** "AVO's published 1668 TFLOPS on a B200 (BF16, burst)"; `kind` is the word before the rate. */
function figureText(figure: Published, kind = 'published '): string {
  const { library, tflops, device, workload } = figure;
  const article = /^[AHL]/.test(device) ? 'an' : 'a';
  const details = [formatDtype(workload.dtype), ...(isBurst(figure) ? ['burst'] : [])];
  return `${library}'s ${kind}${formatRate(tflops)} on ${article} ${device} (${details.join(', ')})`;
}

/** A share of the work as a percentage of two digits: "0.39 %", "25 %". */
const formatShare = (share: number) => `${Number((100 * share).toPrecision(2))} %`;
