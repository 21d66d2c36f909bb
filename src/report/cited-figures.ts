/** The published figures that a run is compared with. */

import { seriesOf } from '../compare/published-figures.ts';
import type { Published, RunDocument } from '../record/measurement.ts';

const unique = (run: RunDocument, of: (figure: Published) => string) => [
  ...new Set(run.comparisons.flatMap(({ published }) => (published === null ? [] : [of(published)]))),
];

/** The series of the figures, each once: the columns of a table. */
export const citedSeries = (run: RunDocument): string[] => unique(run, seriesOf);

/** The devices of the figures, each once. */
export const citedDevices = (run: RunDocument): string => unique(run, ({ device }) => device).join(', ');

/** The sources of the figures, each once; empty where no figure matches. */
export const citedSources = (run: RunDocument): string => unique(run, ({ source }) => source).join('; ');
