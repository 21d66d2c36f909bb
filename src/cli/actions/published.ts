/** The work of bench published: figures and claims, or one figure alone, and a chart where one is asked for. */

import { evolutionChart } from '../../chart/evolution.ts';
import { chartExtension, writeChart } from '../../chart/render.ts';
import { CLAIMS } from '../../compare/claims.ts';
import { EVOLUTION } from '../../compare/evolution.ts';
import { type PublishedSet, publishedFigures } from '../../compare/published-figures.ts';
import { describe } from '../../problem/workload.ts';
import { checkWritable } from '../../record/files.ts';
import { ABOUT_THE_REPORT, formatClaims } from '../../report/claims-text.ts';
import { formatColumns } from '../../report/columns.ts';
import { formatEvolution } from '../../report/evolution-text.ts';

/** Prints figures and claims, or the evolution alone, and draws the evolution where a file is named. */
export async function showPublished(
  figure: 'evolution' | null,
  set: PublishedSet,
  format: 'table' | 'json',
  chart: string | null,
): Promise<void> {
  if (chart !== null) {
    chartExtension(chart);
    checkWritable(chart);
  }
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  const all = figure === null;
  if (format === 'json')
    process.stdout.write(json(all ? { figures: publishedFigures(set), claims: CLAIMS } : EVOLUTION));
  else process.stdout.write(all ? listPublished(set) : formatEvolution());
  if (chart === null) return;
  await writeChart(evolutionChart(), chart);
  process.stderr.write(`Chart: ${chart}\n`);
}

function listPublished(set: PublishedSet): string {
  const body = publishedFigures(set).map((figure) => [
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
