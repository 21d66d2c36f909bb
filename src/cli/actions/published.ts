/** The work of bench published: figures and claims, or one figure alone, and a chart where one is asked for. */

import { burstsChart } from '../../chart/bursts.ts';
import { evolutionChart } from '../../chart/evolution.ts';
import { checkChart, writeChart } from '../../chart/render.ts';
import { burstPoints } from '../../compare/bursts.ts';
import { CLAIMS } from '../../compare/claims.ts';
import { EVOLUTION } from '../../compare/evolution.ts';
import { type PublishedSet, publishedFigures } from '../../compare/published-figures.ts';
import { checkWritable } from '../../record/files.ts';
import { formatBursts } from '../../report/bursts-text.ts';
import { ABOUT_THE_REPORT, formatClaims } from '../../report/claims-text.ts';
import { fitText } from '../../report/columns.ts';
import { formatEvolution } from '../../report/evolution-text.ts';
import { formatPublished } from '../../report/published-text.ts';
import { sayFile, widthOf } from '../terminal/output.ts';

/** What bench published shows alone. */
type PublishedFigure = 'evolution' | 'bursts';

/** Its text, its JSON and its chart. */
const FIGURES = {
  evolution: { text: formatEvolution, value: () => EVOLUTION, chart: evolutionChart },
  bursts: { text: formatBursts, value: burstPoints, chart: burstsChart },
} as const satisfies Record<PublishedFigure, object>;

/** Prints figures and claims, or one figure alone, and draws that, by default the evolution, where a file is named. */
export async function showPublished(
  figure: PublishedFigure | null,
  set: PublishedSet,
  format: 'table' | 'json',
  chart: string | null,
): Promise<void> {
  if (chart !== null) {
    await checkChart(chart);
    checkWritable(chart);
  }
  const json = (value: object) => `${JSON.stringify(value, null, 2)}\n`;
  const shown = figure === null ? null : FIGURES[figure];
  if (format === 'json')
    process.stdout.write(json(shown === null ? { figures: publishedFigures(set), claims: CLAIMS } : shown.value()));
  else process.stdout.write(shown === null ? listPublished(set, widthOf()) : shown.text(widthOf()));
  if (chart === null) return;
  await writeChart((shown ?? FIGURES.evolution).chart(), chart);
  sayFile('Chart:', chart);
}

function listPublished(set: PublishedSet, width: number): string {
  return `${formatPublished(set, width)}\n${fitText(ABOUT_THE_REPORT, width)}\n\n${formatClaims(width)}`;
}
