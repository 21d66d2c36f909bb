/** Every chart of a run by name, in the order in which a report shows them. */

import type { TopLevelSpec } from 'vega-lite';
import type { PublishedSet } from '../compare/published-figures.ts';
import type { Search } from '../measure/search-record.ts';
import type { RunDocument } from '../record/measurement.ts';
import { ablationChart } from './ablation-gains.ts';
import { distanceChart } from './distance.ts';
import { efficiencyChart } from './efficiency.ts';
import { figureChart } from './figure.ts';
import type { ChartLayout } from './frame.ts';
import { type MemoryLimit, rooflineChart } from './roofline-plot.ts';
import { samplesChart } from './samples.ts';
import { scalingChart } from './scaling.ts';
import { sustainedChart } from './sustained.ts';
import { tuningChart } from './tuning.ts';
import { whyChart } from './why.ts';

/** A chart that is drawn when it is asked for. */
export interface NamedChart {
  name: string;
  /** What it shows, as a heading. */
  heading: string;
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
    { name: 'figure', heading: 'Throughput here and published', draw: (layout) => figureChart(run, layout) },
    { name: 'why', heading: 'Why it is that far', draw: (layout) => whyChart(run, layout) },
    { name: 'distance', heading: 'Distance to other devices', draw: (layout) => distanceChart(run, layout) },
    { name: 'efficiency', heading: 'Share of the own limit', draw: (layout) => efficiencyChart(run, layout) },
    { name: 'scaling', heading: 'Throughput against length', draw: (layout) => scalingChart(run, set, layout) },
    { name: 'roofline', heading: 'Roofline', draw: (layout) => rooflineChart(run, set, memory, layout) },
    { name: 'ablation', heading: 'Techniques of the AVO paper', draw: (layout) => ablationChart(run, layout) },
    { name: 'tuning', heading: 'Search for a configuration', draw: (layout) => tuningChart(search, layout) },
    { name: 'sustained', heading: 'Burst and sustained', draw: (layout) => sustainedChart(run, layout) },
    { name: 'samples', heading: 'Every sample', draw: (layout) => samplesChart(run, layout) },
  ];
}
