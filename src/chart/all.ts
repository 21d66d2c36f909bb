/** Every chart of a run by name, in the order in which a report shows them. */

import type { TopLevelSpec } from 'vega-lite';
import type { PublishedSet } from '../compare/published-figures.ts';
import type { Search } from '../measure/search.ts';
import type { RunDocument } from '../record/measurement.ts';
import { ablationChart } from './ablation-gains.ts';
import { distanceChart } from './distance.ts';
import { efficiencyChart } from './efficiency.ts';
import { figureChart } from './figure.ts';
import type { ChartLayout } from './frame.ts';
import { type MemoryLimit, rooflineChart } from './roofline-plot.ts';
import { samplesChart } from './samples.ts';
import { scalingChart } from './scaling.ts';
import { tuningChart } from './tuning.ts';
import { whyChart } from './why.ts';

/** A chart that is drawn when it is asked for. */
export interface NamedChart {
  name: string;
  draw: (layout: ChartLayout) => TopLevelSpec;
}

/** The charts of a run. `memory` holds what bench ceilings measured beside it; `search` is bench tune's. */
export function allCharts(
  run: RunDocument,
  set: PublishedSet,
  memory: readonly MemoryLimit[],
  search: Search | null,
): NamedChart[] {
  return [
    { name: 'figure', draw: (layout) => figureChart(run, layout) },
    { name: 'why', draw: (layout) => whyChart(run, layout) },
    { name: 'distance', draw: (layout) => distanceChart(run, layout) },
    { name: 'efficiency', draw: (layout) => efficiencyChart(run, layout) },
    { name: 'scaling', draw: (layout) => scalingChart(run, set, layout) },
    { name: 'roofline', draw: (layout) => rooflineChart(run, set, memory, layout) },
    { name: 'ablation', draw: (layout) => ablationChart(run, layout) },
    { name: 'tuning', draw: (layout) => tuningChart(search, layout) },
    { name: 'samples', draw: (layout) => samplesChart(run, layout) },
  ];
}
