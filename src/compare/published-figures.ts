/** The cited figures: what others measured on other hardware, each with its source, error bar and FLOP rule. */

import rows from '../../results/published/b200-attention-forward.json' with { type: 'json' };
import others from '../../results/published/other-attention-forward.json' with { type: 'json' };
import type { Dtype, Mask, Workload } from '../problem/workload.ts';
import { sameProblem } from '../problem/workload.ts';
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

/**
 * The name of a figure's series: the library, outside the AVO paper with version and source, so that sources never
 * merge.
 */
export function seriesOf(figure: Published): string {
  const [first = '', second = '', third = ''] = figure.source.split(' ');
  if (first === 'AVO') return figure.library;
  if (first === 'FA4') return `${figure.library} ${figure.version} (FA4 paper)`;
  const source = second === 'paper' ? `${first} paper` : `${second} ${third.slice(0, 7)}`;
  return `${figure.library} ${figure.version} on ${figure.device} (${source})`;
}
