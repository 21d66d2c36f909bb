/** A comparison of two runs as a table of text. */

import type { RunDifference } from '../compare/runs.ts';
import { formatNumber, formatRate } from '../format.ts';
import { describe } from '../problem/workload.ts';
import { alignColumns } from './columns.ts';

/** The cells of the table, header first, and the numbered caveats below it. */
export function differenceCells(differences: readonly RunDifference[]): { cells: string[][]; notes: string[] } {
  const notes = [...new Set(differences.flatMap(({ caveats }) => caveats))];
  const cells = differences.map(({ before, after, ratio, low, high, verdict, caveats }) => [
    after.kernel,
    describe(after.workload),
    formatRate(before.tflops.median),
    formatRate(after.tflops.median),
    `${formatNumber(ratio)}${low === null || high === null ? '' : ` [${formatNumber(low)}, ${formatNumber(high)}]`}`,
    verdict,
    caveats.map((caveat) => notes.indexOf(caveat) + 1).join(' '),
  ]);
  return {
    cells: [['kernel', 'workload', 'before', 'after', 'after / before [95 %]', 'verdict', 'notes'], ...cells],
    notes: notes.map((note, index) => `${index + 1}: ${note}`),
  };
}

/** The comparison as text: table, caveats, differences of the environment, and the cases without a figure this time. */
export function formatDifferences(
  differences: readonly RunDifference[],
  environment: readonly string[],
  missing: readonly string[],
): string {
  const { cells, notes } = differenceCells(differences);
  return [
    ...(differences.length === 0 ? [] : [`${alignColumns(cells).join('\n')}\n`]),
    ...(notes.length === 0 ? [] : [`${notes.join('\n')}\n`]),
    ...(environment.length === 0 ? [] : [`The environment differs: ${environment.join('; ')}.\n`]),
    ...(missing.length === 0 ? [] : [`Not measured this time:\n${missing.map((line) => `  ${line}\n`).join('')}`]),
  ].join('\n');
}
