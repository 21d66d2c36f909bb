/** The work of bench published: figures and claims, or one figure alone, and a chart where one is asked for. */

import { evolutionChart } from '../../chart/evolution.ts';
import { checkChart, writeChart } from '../../chart/render.ts';
import { CLAIMS } from '../../compare/claims.ts';
import { EVOLUTION } from '../../compare/evolution.ts';
import { type PublishedSet, publishedFigures } from '../../compare/published-figures.ts';
import { checkWritable } from '../../record/files.ts';
import { ABOUT_THE_REPORT, formatClaims } from '../../report/claims-text.ts';
import { fitText } from '../../report/columns.ts';
import { formatEvolution } from '../../report/evolution-text.ts';
import { formatPublished } from '../../report/published-text.ts';
import { widthOf } from '../terminal/output.ts';

/** Prints figures and claims, or the evolution alone, and draws the evolution where a file is named. */
export async function showPublished(
  figure: 'evolution' | null,
  set: PublishedSet,
  format: 'table' | 'json',
  chart: string | null,
): Promise<void> {
  if (chart !== null) {
    await checkChart(chart);
    checkWritable(chart);
  }
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  const all = figure === null;
  if (format === 'json')
    process.stdout.write(json(all ? { figures: publishedFigures(set), claims: CLAIMS } : EVOLUTION));
  else process.stdout.write(all ? listPublished(set, widthOf()) : formatEvolution(widthOf()));
  if (chart === null) return;
  await writeChart(evolutionChart(), chart);
  process.stderr.write(`Chart: ${chart}\n`);
}

function listPublished(set: PublishedSet, width: number): string {
  return `${formatPublished(set, width)}\n${fitText(ABOUT_THE_REPORT, width)}\n\n${formatClaims(width)}`;
}
