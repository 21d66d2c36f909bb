/** The published figures as text: a table for each figure of a source, with a column for each length. */

import type { PublishedSet } from '../compare/published-figures.ts';
import { publishedFigures } from '../compare/published-figures.ts';
import { timingOf } from '../compare/published-timing.ts';
import { formatDtype, formatHeads, formatSize, isGrouped } from '../problem/workload.ts';
import type { Published } from '../record/measurement.ts';
import { formatColumns, USUAL_WIDTH, wrapText } from './columns.ts';

/** All figures of a set: what a table's figures share and how they were timed above it, in it library, mask and TFLOPS with error bars by length. */
export function formatPublished(set: PublishedSet, width: number = USUAL_WIDTH): string {
  const groups = groupBy(publishedFigures(set), (figure) => `${sharedText(figure)}\n${figure.source}`);
  return [...groups]
    .map(([shared, figures]) => {
      const lines = [...shared.split('\n'), timingText(figures)].flatMap((line) => wrapText(line, width, 2));
      return `${lines.join('\n')}\n\n${table(figures, width)}`;
    })
    .join('\n');
}

/** "Bursts: one pass at a time, ... (SOURCE)"; the figures of a table are of one source. */
function timingText([figure]: readonly Published[]): string {
  const timing = figure === undefined ? null : timingOf(figure);
  if (timing === null) return 'How they were timed is not known.';
  return `${timing.burst ? 'Bursts' : 'Timed'}: ${timing.how} (${timing.from})`;
}

function sharedText({ device, workload: w, kind }: Published): string {
  const heads = `${isGrouped(w) ? 'GQA' : 'MHA'}, ${formatHeads(w)}`;
  return `${device}, ${heads}, d ${w.headDim}, ${formatDtype(w.dtype)}, TFLOPS ${kind === 'printed' ? 'as printed' : 'read from a figure'}`;
}

function table(figures: readonly Published[], width: number): string {
  const lengths = [...new Set(figures.map(({ workload }) => workload.seqKv))].sort((a, b) => a - b);
  const batches = lengths.map((seq) => [
    ...new Set(figures.flatMap(({ workload }) => (workload.seqKv === seq ? [workload.batch] : []))),
  ]);
  const rows = groupBy(figures, ({ library, version, workload }) => `${library} ${version}\n${workload.mask}`);
  const body = [...rows].map(([key, own]) => [
    ...key.split('\n'),
    ...lengths.map((seq) => {
      const found = own.find(({ workload }) => workload.seqKv === seq);
      if (found === undefined) return '-';
      return `${found.tflops}${found.error === null ? '' : ` ± ${found.error}`}`;
    }),
  ]);
  const batch = ['batch', '', ...batches.map((own) => own.join(', '))];
  return formatColumns(['library', 'mask', ...lengths.map(formatSize)], [batch, ...body], width);
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
