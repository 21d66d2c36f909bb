/**
 * What results/examples/ holds: charts, each from a stored run of a real machine, from published figures, or from the model; and the
 * Markdown of bench bringup on two software adapters.
 */

import { readFileSync } from 'node:fs';
import type { TopLevelSpec } from 'vega-lite';
import { allCharts } from '../src/chart/all.ts';
import { burstsChart } from '../src/chart/bursts.ts';
import { evolutionChart } from '../src/chart/evolution.ts';
import { modelChart } from '../src/chart/model-figure.ts';
import { modelAblationChart } from '../src/chart/model-gains.ts';
import { timelineChart } from '../src/chart/timeline.ts';
import { versionConstantsChart } from '../src/chart/version-constants.ts';
import { parseRunFile } from '../src/compare/run-file.ts';
import type { Bringup } from '../src/measure/bringup/outcome.ts';
import { parseSearch } from '../src/measure/search-record.ts';
import { modelB200 } from '../src/model/b200.ts';
import { bringupMarkdown } from '../src/report/bringup-markdown.ts';

/** Folder of the stored runs and of their charts. */
export const EXAMPLES = new URL('../results/examples/', import.meta.url);

const read = (name: string) => readFileSync(new URL(name, EXAMPLES), 'utf8');

/** The names of the files, without extension, and their specifications. */
export function exampleCharts(): { name: string; specification: TopLevelSpec }[] {
  const figure = parseRunFile(read('figure-mha.jsonl'), 'figure-mha.jsonl', 'avo');
  const ablation = parseRunFile(read('ablation.jsonl'), 'ablation.jsonl', 'avo');
  const { ceilings } = JSON.parse(read('ceilings.json')) as {
    ceilings: { quantity: string; device: string; rate: number }[];
  };
  const memory = ceilings
    .filter(({ quantity }) => quantity === 'memory-read')
    .map(({ device, rate }) => ({ device, bytesPerSecond: rate }))
    .sort((a, b) => b.bytesPerSecond - a.bytesPerSecond);
  const search = parseSearch(JSON.parse(read('tune.json')));
  const model = modelB200();
  return [
    ...allCharts(figure, 'avo', memory, search)
      .filter(({ name }) => name !== 'ablation' && name !== 'sustained')
      .map(({ name, draw }) => ({ name: name === 'figure' ? 'figure-mha' : name, specification: draw('wide') })),
    ...allCharts(ablation, 'avo', memory, null)
      .filter(({ name }) => name === 'ablation')
      .map(({ name, draw }) => ({ name, specification: draw('wide') })),
    { name: 'evolution', specification: evolutionChart() },
    { name: 'bursts', specification: burstsChart() },
    { name: 'model-mha', specification: modelChart(model, 'mha') },
    { name: 'model-gqa', specification: modelChart(model, 'gqa') },
    { name: 'model-ablation', specification: modelAblationChart(model) },
    { name: 'model-versions', specification: versionConstantsChart() },
    { name: 'model-timeline', specification: timelineChart() },
  ];
}

/** The documents of bench bringup that are stored, and their Markdown. */
export function exampleBringups(): { name: string; markdown: string }[] {
  return ['bringup-swiftshader', 'bringup-llvmpipe'].map((name) => ({
    name,
    markdown: bringupMarkdown(JSON.parse(read(`${name}.json`)) as Bringup),
  }));
}
