/** The columns of a run's table: what each shows, in which tables it stands, and which go first where room is scarce. */

import { seriesOf } from '../compare/published-figures.ts';
import {
  formatDuration,
  formatFactor,
  formatNumber,
  formatRate,
  formatRateInterval,
  formatRateSpread,
  formatRatio,
} from '../format.ts';
import { summarize } from '../measure/series.ts';
import { formatLengths } from '../problem/workload.ts';
import type { Comparison, Measured } from '../record/measurement.ts';
import { isMemoryBound, limitRate } from '../record/measurement-names.ts';
import { tflopsOf } from '../record/rate.ts';
import type { Row, Rows } from './result-rows.ts';
import { differingParts } from './run-title.ts';

/** A column of a table. */
export interface Column {
  /** Lines of its head. */
  head: string[];
  cells: string[];
  /** Shorter cells, for a table without room. */
  short?: string[];
  /** Columns of the highest rank are dropped first; those of rank 0 stay. */
  rank: number;
}

/** Two tables of a run: the usual one, and one with everything. */
export type TableKind = 'usual' | 'wide';

/** The columns of a run's table, in order. */
export function resultColumns({ rows, libraries, reference }: Rows, kind: TableKind): Column[] {
  const wide = kind === 'wide';
  const measurements = rows.map(({ measured }) => measured);
  const column = (head: string[], cell: (row: Row) => string, rank: number, short?: (row: Row) => string): Column => ({
    head,
    cells: rows.map(cell),
    rank,
    ...(short === undefined ? {} : { short: rows.map(short) }),
  });
  const only = (condition: boolean, ...columns: Column[]) => (condition ? columns : []);
  const apart = differingParts(measurements);
  const told = (name: string) => apart.some((part) => part.name === name);
  const columns = [
    column(['kernel'], ({ kernel }) => kernel, 0),
    column(['mask'], ({ measured }) => measured.workload.mask, 1),
    column(['seq'], ({ measured }) => formatLengths(measured.workload), 0),
    ...apart.map(({ name, cell }) => column([name], ({ measured }) => cell(measured), 2)),
    column(
      ['rate'],
      ({ measured }) => rateCell(measured),
      0,
      ({ measured }) => formatRate(measured.tflops.median),
    ),
    column(['time', 'per pass'], ({ measured }) => timeCell(measured), 5),
    ...only(
      wide,
      column(['measured'], ({ measured: { coverage } }) => (coverage === 1 ? 'all' : share(coverage)), 9),
    ),
    column(['n'], ({ measured }) => `${measured.samples.length}`, 7),
    ...only(
      wide && !told('variant'),
      column(['variant'], ({ measured }) => measured.variant ?? '-', 9),
    ),
    ...only(
      wide && !told('threads'),
      column(['threads'], ({ measured }) => `${measured.threads ?? '-'}`, 9),
    ),
    // Where memory binds one of them, each row names its limit.
    column(
      ['% of', measurements.some(isMemoryBound) ? 'limit' : 'peak'],
      ({ measured }) => peakCell(measured, wide, measurements.some(isMemoryBound)),
      6,
    ),
    ...only(
      wide,
      column(['error'], ({ measured }) => measured.verification.maxRelativeError.toExponential(0), 9),
    ),
    ...libraries
      .filter((library) => wide || library === reference)
      .map((library) => column(headOf(library), ({ comparisons }) => ratioCell(exact(comparisons, library), wide), 3)),
    column(['slower,', 'nearest'], ({ comparisons }) => ratioCell(comparisons.find(isNearest), wide), 3),
    column(['notes'], ({ notes }) => notes, 4),
  ];
  return columns.filter(({ cells }) => cells.some((cell) => cell !== '' && cell !== '-'));
}

const isNearest = ({ kind }: Comparison) => kind === 'nearest';

const exact = (comparisons: readonly Comparison[], library: string) =>
  comparisons.find(({ kind, published }) => kind === 'exact' && published !== null && seriesOf(published) === library);

const ratioCell = (match: Comparison | undefined, wide: boolean) =>
  match?.ratio == null ? '-' : wide ? formatRatio(match.ratio, match.ratioError) : `${formatFactor(match.ratio)}x`;

/** "slower than", then the series, broken where its device and its source begin. */
const headOf = (series: string) => {
  const [first = '', ...rest] = series.split(/ (?=on |\()/);
  return first.length > 8 ? ['slower than', first, ...rest] : ['slower', `than ${first}`, ...rest];
};

const share = (part: number) => `${formatNumber(part * 100)} %`;

/** The median with its interval; with its spread where it has none; alone where there is one. */
function rateCell(m: Measured): string {
  const { median, low, high } = m.tflops;
  if (low !== undefined && high !== undefined) return formatRateInterval(median, low, high);
  if (m.samples.length === 1) return formatRate(median);
  const { minimum, maximum } = summarize(m.samples.map(tflopsOf));
  return formatRateSpread(median, minimum, maximum);
}

/** "~" marks an extrapolated time. */
const timeCell = (m: Measured) => `${m.coverage < 1 ? '~' : ''}${formatDuration(m.passSeconds)}`;

/** The share of the limit; with the limit's name where rows differ in it (`named`), or where memory is it. */
function peakCell(m: Measured, wide: boolean, named: boolean): string {
  const { ceiling } = m;
  if (ceiling === undefined) return '';
  const percent = (value: number) => (value * 100).toFixed(0);
  const { share: reached, shareLow, shareHigh } = ceiling;
  const interval =
    !wide || shareLow === undefined || shareHigh === undefined ? '' : ` [${percent(shareLow)}, ${percent(shareHigh)}]`;
  const limit = isMemoryBound(m) ? 'memory' : 'compute';
  const name = wide ? ` of ${limit}, ${limitRate(ceiling)}` : ` ${limit}`;
  return `${percent(reached)} %${interval}${named ? name : ''}`;
}

/** Column titles and cells in one line each, for Markdown and pages. */
export function toCells(rows: Rows, kind: TableKind = 'wide'): { header: string[]; body: string[][] } {
  const columns = resultColumns(rows, kind);
  return {
    header: columns.map(({ head }) => head.join(' ')),
    body: rows.rows.map((_, row) => columns.map(({ cells }) => cells[row] ?? '')),
  };
}
