/** The published figures that a run is compared with. */

import { seriesOf } from '../compare/published-figures.ts';
import { isBurst } from '../compare/published-timing.ts';
import type { Comparison, Published, RunDocument } from '../record/measurement.ts';

const cited = (run: RunDocument, kinds: readonly Comparison['kind'][] = ['exact', 'nearest']): Published[] =>
  run.comparisons.flatMap(({ published, kind }) => (published === null || !kinds.includes(kind) ? [] : [published]));

const unique = (texts: readonly string[]) => [...new Set(texts)];

/** The series of the exact figures, each once: the columns of a table. */
export const citedSeries = (run: RunDocument): string[] => unique(cited(run, ['exact']).map(seriesOf));

/** Where the figures were published and on which devices: "Published on B200: AVO arXiv:2603.24517v1 Fig3 (bursts ...)". */
export function citedText(run: RunDocument): string {
  const figures = cited(run);
  if (figures.length === 0) return '';
  const devices = unique(figures.map(({ device }) => device)).map((device) => {
    const own = figures.filter((figure) => figure.device === device);
    return `on ${device}: ${unique(own.map(({ source }) => source)).join('; ')}`;
  });
  const bursts = figures.some(isBurst) ? ' (bursts: passes of some milliseconds, from rest)' : '';
  return `Published ${devices.join('; ')}${bursts}`;
}
