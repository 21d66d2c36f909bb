/** A run as rows of text, for every format: a row for each measurement, and notes for what qualifies it. */

import { measurementCaveats } from '../compare/comparisons.ts';
import { findingOf } from '../compare/finding.ts';
import { seriesOf } from '../compare/published-figures.ts';
import { ablationGains } from '../compare/technique-gains.ts';
import { formatFaster } from '../format.ts';
import { describe } from '../problem/workload.ts';
import type { Comparison, Measured, RunDocument } from '../record/measurement.ts';
import { namesOf, ratioNames } from '../record/measurement-names.ts';
import { citedSeries } from './cited-figures.ts';
import { commonShape, devicesText } from './run-title.ts';
import { withoutNumber } from './skipped-text.ts';

/** One measured case with all that its row says. */
export interface Row {
  /** Its kernel; if that ran in several places, with the place in brackets. */
  kernel: string;
  measured: Measured;
  /** Its comparisons: exact ones, or the nearest one. */
  comparisons: readonly Comparison[];
  /** Letters of its notes, in order. */
  notes: string;
}

/** A whole run as a table with its notes. */
export interface Rows {
  /** What all rows share: shape, devices. */
  title: string;
  rows: Row[];
  /** The series of exact published figures, each once. */
  libraries: string[];
  /** The series that a table shows where it has room for one; null where no exact figure is. */
  reference: string | null;
  /** Letters and texts. */
  notes: [string, string][];
  /** Cases without a number, a line for each reason. */
  without: string[];
  /** Paired ratios to the baseline, one line each. */
  ratios: string[];
}

/** "a" to "z", then "aa", "ab" and so on. */
function letter(index: number): string {
  const low = String.fromCharCode(97 + (index % 26));
  return index < 26 ? low : letter(Math.floor(index / 26) - 1) + low;
}

/** The rows of a run, in its order. */
export function toRows(run: RunDocument): Rows {
  const libraries = citedSeries(run);
  const found = findingOf(run)?.reference;
  const nameOf = namesOf(run.measurements, run.context);
  const texts: string[] = [];
  const number = (text: string) => {
    if (!texts.includes(text)) texts.push(text);
    return texts.indexOf(text);
  };
  const rows = run.measurements.flatMap((measured, index): Row[] => {
    if (measured.state !== 'measured') return [];
    const comparisons = run.comparisons.filter(({ measurement }) => measurement === index);
    const caveats = comparisons[0]?.caveats ?? measurementCaveats(measured, run.context);
    const numbers = caveats.map(number).sort((a, b) => a - b);
    return [{ kernel: nameOf(measured), measured, comparisons, notes: numbers.map(letter).join(' ') }];
  });
  const shown = new Set(ablationGains(run).flatMap(({ on, off }) => [`${on}/${off}`, `${off}/${on}`]));
  // The ratios of an ablation have a table of their own.
  const others = run.ratios.filter(({ kernel, baseline }) => !shown.has(`${kernel}/${baseline}`));
  const ratios = others.map((item) => {
    const [kernel, baseline] = ratioNames(item, run.measurements, run.context);
    return `${kernel} is ${formatFaster(item.ratio, item.low, item.high)} than ${baseline}, ${describe(item.workload)}`;
  });
  return {
    title: [commonShape(rows.length > 0 ? rows.map(({ measured }) => measured) : run.measurements), devicesText(run)]
      .filter((part) => part !== '')
      .join(' · '),
    rows,
    libraries,
    reference: found?.kind === 'exact' ? seriesOf(found.published) : null,
    notes: texts.map((text, index) => [letter(index), text]),
    without: withoutNumber(run),
    ratios,
  };
}
