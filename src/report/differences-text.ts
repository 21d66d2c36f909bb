/** A comparison of two runs as a table of text, and its verdict in words. */

import type { RunDifference, Verdict } from '../compare/runs.ts';
import { counted, formatFactor, formatFaster, formatRate } from '../format.ts';
import { assumedVerdict, environmentDiffers, undecided } from '../messages.ts';
import { describe, formatLengths } from '../problem/workload.ts';
import { formatColumns, USUAL_WIDTH, wrapText } from './columns.ts';
import { commonShape, differingParts } from './run-title.ts';

/** The cells of the table, header first, what all its points share, and the numbered caveats below it. */
export function differenceCells(differences: readonly RunDifference[]): {
  common: string;
  cells: string[][];
  notes: string[];
} {
  const notesOf = ({ caveats, assumed }: RunDifference) => [...caveats, ...(assumed ? [assumedVerdict] : [])];
  const notes = [...new Set(differences.flatMap(notesOf))];
  const points = differences.map(({ after }) => after);
  const apart = differingParts(points);
  const cells = differences.map((difference) => {
    const { before, after, ratio, low, high, verdict } = difference;
    return [
      after.kernel,
      after.workload.mask,
      formatLengths(after.workload),
      ...apart.map(({ cell }) => cell(after)),
      formatRate(before.tflops.median),
      formatRate(after.tflops.median),
      formatFaster(ratio, low, high),
      verdict,
      notesOf(difference)
        .map((note) => notes.indexOf(note) + 1)
        .join(', '),
    ];
  });
  const names = apart.map(({ name }) => name);
  return {
    common: commonShape(points),
    cells: [['kernel', 'mask', 'seq', ...names, 'before', 'after', 'after is [95 %]', 'verdict', 'notes'], ...cells],
    notes: notes.map((note, index) => `${index + 1}: ${note}`),
  };
}

/** The comparison as text: table, caveats, differences of the environment, and the cases without a figure this time. */
export function formatDifferences(
  differences: readonly RunDifference[],
  environment: readonly string[],
  missing: readonly string[],
  width: number = USUAL_WIDTH,
): string {
  const { common, cells, notes } = differenceCells(differences);
  const [header = [], ...body] = cells;
  const prose = (lines: readonly string[], indent: number) =>
    lines.flatMap((line) => wrapText(line, width, indent)).join('\n');
  return [
    ...(differences.length === 0 ? [] : [`${common}\n\n${formatColumns(header, body, width)}`]),
    ...(notes.length === 0 ? [] : [`${prose(notes, 3)}\n`]),
    ...(environment.length === 0
      ? []
      : [`${prose(['The environment differs:', ...environment.map((line) => `  ${line}`)], 4)}\n`]),
    ...(missing.length === 0
      ? []
      : [`${prose(['Not measured this time:', ...missing.map((line) => `  ${line}`)], 4)}\n`]),
  ].join('\n');
}

/**
 * The verdict of a comparison in words: where the later run is slower or faster, and by how much; `before` and `after` name the
 * two. Where something besides the time differs, it says so.
 */
export function verdictText(
  differences: readonly RunDifference[],
  environment: readonly string[],
  [before, after]: readonly [string, string],
): string {
  const all = differences.length;
  const of = (verdict: Verdict) => differences.filter((item) => item.verdict === verdict);
  const [slower, faster, same, unclear] = [of('slower'), of('faster'), of('same'), of('unclear')];
  const most = (items: readonly RunDifference[]) =>
    items.reduce((a, b) => (Math.abs(Math.log(b.ratio)) > Math.abs(Math.log(a.ratio)) ? b : a));
  const moved = (items: readonly RunDifference[], word: string) => {
    if (items.length === 0) return [];
    const { ratio, after: m } = most(items);
    const factor = formatFactor(ratio < 1 ? 1 / ratio : ratio);
    const where =
      items.length === all && all > 1
        ? `all ${all} points`
        : all === 1
          ? 'the one point'
          : `${items.length} of ${all} points`;
    return [
      `${word} in ${where}, ${items.length > 1 ? 'by up to' : 'by'} ${factor}x (${m.kernel}, ${describe(m.workload)})`,
    ];
  };
  const parts = [...moved(slower, 'slower'), ...moved(faster, 'faster')];
  if (same.length > 0 && parts.length > 0) parts.push(`the same in ${same.length}`);
  if (unclear.length > 0 && parts.length > 0) parts.push(`unclear in ${unclear.length}`);
  const text =
    parts.length > 0
      ? `Against ${before}, ${after} is ${parts.join('; ')}.`
      : same.length === all
        ? `${after} is as fast as ${before}: ${counted(all, 'point')} within 3 %.`
        : undecided(
            after,
            before,
            counted(unclear.length, 'point'),
            unclear.some(({ low }) => low !== null)
              ? 'intervals'
              : unclear.some(({ assumed }) => assumed)
                ? 'assumed'
                : 'tooFew',
          );
  const differs = environment.length > 0 || differences.some(({ caveats }) => caveats.length > 0);
  return differs ? `${text} ${environmentDiffers}` : text;
}
