/** The text of bench published. */

import { CLAIMS } from '../../compare/claims.ts';
import { type PublishedSet, publishedFigures } from '../../compare/published-figures.ts';
import { describe } from '../../problem/workload.ts';
import { ABOUT_THE_REPORT, formatClaims } from '../../report/claims-text.ts';
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
  return `${formatColumns(['library', 'device', 'workload', 'TFLOPS', 'kind', 'source'], body)}
${ABOUT_THE_REPORT}

${formatClaims()}`;
}
