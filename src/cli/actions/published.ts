/** The text of bench published. */

import { CLAIMS, type PublishedSet, publishedFigures } from '../../compare/published-figures.ts';
import { describe } from '../../problem/workload.ts';
import { formatColumns } from '../../report/columns.ts';

/** The figures of the set, and what the report claims; the text. */
export function listPublished(set: PublishedSet, format: 'table' | 'json'): string {
  const figures = publishedFigures(set);
  if (format === 'json') return `${JSON.stringify({ figures, claims: CLAIMS }, null, 2)}\n`;
  const body = figures.map((figure) => [
    `${figure.library} ${figure.version}`,
    figure.device,
    describe(figure.workload),
    `${figure.tflops}${figure.error === null ? '' : ` ± ${figure.error}`}`,
    figure.kind,
    figure.source,
  ]);
  const claims = CLAIMS.map(({ text, value, unit, kind, where }) => {
    const amount = unit === 'TFLOPS' ? `${value} TFLOPS` : `+${value} %`;
    return [kind === 'bound' ? `at most ${amount}` : amount, text, where];
  });
  return `${formatColumns(['library', 'device', 'workload', 'TFLOPS', 'kind', 'source'], body)}
What the report claims; bounds belong to one configuration each, and no figure is derived from them:

${formatColumns(['value', 'claim', 'where'], claims)}`;
}
