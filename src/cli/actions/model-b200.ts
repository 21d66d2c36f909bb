/** The work of bench model b200: text or JSON on stdout, and a chart where one is asked for. */

import type { TopLevelSpec } from 'vega-lite';
import { modelChart } from '../../chart/model-figure.ts';
import { modelAblationChart } from '../../chart/model-gains.ts';
import { checkChart, writeChart } from '../../chart/render.ts';
import { timelineChart } from '../../chart/timeline.ts';
import { versionConstantsChart } from '../../chart/version-constants.ts';
import { modelB200 } from '../../model/b200.ts';
import { versionConstants } from '../../model/version-constants.ts';
import { checkWritable } from '../../record/files.ts';
import { formatModel, type ModelFigure } from '../../report/b200-text.ts';
import { formatTimeline } from '../../report/timeline-text.ts';
import { formatVersions } from '../../report/versions-text.ts';
import { sayFile, widthOf } from '../terminal/output.ts';

/** Prints the model, or one figure of it, and draws that where a file is named. */
export async function showB200(
  figure: ModelFigure | 'versions',
  format: 'table' | 'json',
  chart: string | null,
): Promise<void> {
  if (chart !== null) {
    await checkChart(chart);
    checkWritable(chart);
  }
  if (figure === 'versions') return showVersions(format, chart);
  const model = modelB200();
  if (format === 'json') process.stdout.write(`${JSON.stringify(model, null, 2)}\n`);
  else process.stdout.write(figure === 'timeline' ? formatTimeline(widthOf()) : formatModel(model, figure, widthOf()));
  if (chart === null) return;
  const specification =
    figure === 'timeline'
      ? timelineChart()
      : figure === 'ablation'
        ? modelAblationChart(model)
        : modelChart(model, figure ?? 'mha');
  await draw(specification, chart);
}

/** The constants of the versions of AVO's kernel. */
async function showVersions(format: 'table' | 'json', chart: string | null): Promise<void> {
  process.stdout.write(
    format === 'json' ? `${JSON.stringify(versionConstants(), null, 2)}\n` : formatVersions(widthOf()),
  );
  if (chart !== null) await draw(versionConstantsChart(), chart);
}

async function draw(specification: TopLevelSpec, chart: string): Promise<void> {
  await writeChart(specification, chart);
  sayFile('Chart:', chart);
}
