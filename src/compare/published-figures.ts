/** The cited figures: what others measured on other hardware, each with its source, error bar and FLOP rule. */

import rows from '../../results/published/b200-attention-forward.json' with { type: 'json' };
import others from '../../results/published/other-attention-forward.json' with { type: 'json' };
import { flops } from '../problem/flops.ts';
import type { Dtype, Mask, Workload } from '../problem/workload.ts';
import {
  formatHeadDims,
  formatHeads,
  formatLengths,
  formatSize,
  isGrouped,
  sameProblem,
  valueDim,
} from '../problem/workload.ts';
import type { Published } from '../record/measurement.ts';

/** Which figures comparisons use: those of the AVO paper, or those of all sources, which are never merged. */
export type PublishedSet = 'avo' | 'all';

const ALL: readonly Published[] = [...rows, ...others].map((row) => ({
  library: row.library,
  version: row.version,
  device: row.device,
  workload: {
    batch: row.batch,
    queryHeads: row.queryHeads,
    kvHeads: row.kvHeads,
    headDim: row.headDim,
    seqQuery: row.seq,
    seqKv: row.seq,
    mask: row.mask as Mask,
    window: null,
    dtype: row.dtype as Dtype,
    scale: 1 / Math.sqrt(row.headDim),
  },
  tflops: row.tflops,
  error: row.error,
  // All sources here count 4 seq^2 headDim heads batch, halved for causal.
  rule: 'half-square',
  // Grade A is a number printed as text; A- was read from the labels of a figure.
  kind: row.grade === 'A' ? 'printed' : 'figure',
  source: row.source,
}));

/** Libraries in the order in which they are always shown. */
const LIBRARY_ORDER = ['AVO', 'cuDNN', 'FA4', 'FA3', 'Gluon', 'Triton', 'FA2'];

/** The figures of a set, libraries in their usual order. */
export function publishedFigures(set: PublishedSet): Published[] {
  const rank = (library: string) =>
    (LIBRARY_ORDER.indexOf(library) + LIBRARY_ORDER.length + 1) % (LIBRARY_ORDER.length + 1);
  return ALL.filter((figure) => set === 'all' || figure.source.startsWith('AVO')).sort(
    (a, b) => rank(a.library) - rank(b.library),
  );
}

/** Published figures of exactly this problem; dtype and softmax scale may differ. */
export function matching(workload: Workload, set: PublishedSet): Published[] {
  return publishedFigures(set).filter((figure) => sameProblem(figure.workload, workload));
}

/** With fewer queries than this against more keys, a pass is decoding: it waits for memory, as no published figure does. */
const LEAST_QUERIES = 64;

/**
 * The published figure that is nearest to a workload without an exact one, as far as one is near at all: by kind of heads
 * (MHA or GQA), then mask, head dimension, length of the keys, work, and query heads a KV head; each but the first two by
 * its factor, either way. Where several are equally near, AVO's comes first. Null for decoding.
 */
export function nearest(workload: Workload, set: PublishedSet): Published | null {
  const { seqQuery, seqKv } = workload;
  if (seqQuery < LEAST_QUERIES && seqQuery < seqKv) return null;
  const factor = (a: number, b: number) => Math.abs(Math.log(a / b));
  // By the rule that needs no count of pairs: nearness needs no exact one.
  const workOf = (w: Workload) => flops(w, 'half-square');
  const ranked = publishedFigures(set).map((figure) => {
    const w = figure.workload;
    const steps = [
      Number(isGrouped(w) !== isGrouped(workload)),
      Number(w.mask !== workload.mask),
      factor(w.headDim + valueDim(w), workload.headDim + valueDim(workload)),
      factor(w.seqKv, seqKv),
      factor(workOf(w), workOf(workload)),
      factor(w.queryHeads / w.kvHeads, workload.queryHeads / workload.kvHeads),
    ];
    return { figure, steps };
  });
  // The sort keeps the usual order of the libraries where all steps are equal.
  const [first] = ranked.sort((a, b) => {
    const differing = a.steps.map((step, index) => step - (b.steps[index] ?? 0));
    return differing.find((difference) => Math.abs(difference) > 1e-9) ?? 0;
  });
  return first?.figure ?? null;
}

/** What a published workload has where the measured one has something else: "length 4k instead of 1k", "batch 8 instead of 32". */
export function differencesOf(measured: Workload, published: Workload): string[] {
  // A part of a workload, before its value what it is.
  const parts: ((w: Workload) => [string, string])[] = [
    ({ mask }) => ['', `${mask} mask`],
    (w) => ['length ', formatLengths(w)],
    (w) => ['', formatHeads(w)],
    (w) => ['head dimension ', formatHeadDims(w)],
    ({ batch }) => ['batch ', `${batch}`],
    ({ window }) => ['', window === null ? 'no window' : `window ${formatSize(window)}`],
    ({ softcap }) => ['', softcap == null ? 'no soft-cap' : `soft-cap ${softcap}`],
    ({ sinks }) => ['', sinks === true ? 'sinks' : 'no sinks'],
    ({ alibi }) => ['', alibi === true ? 'ALiBi' : 'no ALiBi'],
  ];
  return parts.flatMap((part) => {
    const [[noun, theirs], [, ours]] = [part(published), part(measured)];
    return theirs === ours ? [] : [`${noun}${theirs} instead of ${ours}`];
  });
}

/**
 * The name of a figure's series: the library, outside the AVO paper with version and source, so that sources never
 * merge.
 */
export function seriesOf(figure: Published): string {
  const [first = '', second = '', third = ''] = figure.source.split(' ');
  if (first === 'AVO') return figure.library;
  const library = figure.version === 'unrecorded' ? figure.library : `${figure.library} ${figure.version}`;
  if (first === 'FA4') return `${library} on ${figure.device} (FA4 paper)`;
  const source = second === 'paper' ? `${first} paper` : `${second} ${third.slice(0, 7)}`;
  return `${library} on ${figure.device} (${source})`;
}

/** The same with its device, which the series of the AVO paper leave out: "AVO on B200". */
export function seriesOnDevice(figure: Published): string {
  const series = seriesOf(figure);
  return series.includes(` on ${figure.device}`) ? series : `${series} on ${figure.device}`;
}
