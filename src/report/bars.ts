/** The figure in a terminal: a logarithmic bar of Unicode blocks for each series and workload. */

import { seriesOnDevice } from '../compare/published-figures.ts';
import { formatRate } from '../format.ts';
import { summarize } from '../measure/series.ts';
import { nothingToDraw } from '../messages.ts';
import { describe } from '../problem/workload.ts';
import type { RunDocument } from '../record/measurement.ts';
import { namesOf } from '../record/measurement-names.ts';
import { tflopsOf } from '../record/rate.ts';
import { citedText } from './cited-figures.ts';
import { fitText, USUAL_WIDTH } from './columns.ts';

interface Bar {
  series: string;
  tflops: number;
  published: boolean;
}

/** Colours the text of a series, or returns it as it is. */
export type Paint = (text: string, series: string) => string;

/** The most and the fewest characters of a bar. */
const LONGEST = 44;
const SHORTEST = 8;
/** Spaces around a bar, and the value behind it: "1668 TFLOPS". */
const AROUND = 5 + 11;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A run and the figures that it is compared with as bars, one group for each workload. */
export function formatBars(run: RunDocument, paint: Paint = (text) => text, width: number = USUAL_WIDTH): string {
  const nameOf = namesOf(run.measurements, run.context);
  const groups = new Map<string, Bar[]>();
  run.measurements.forEach((m, index) => {
    if (m.state !== 'measured') return;
    const name = describe(m.workload);
    const bars = groups.get(name) ?? [];
    for (const { measurement, published, kind } of run.comparisons) {
      if (measurement !== index || published === null) continue;
      const nearest = kind === 'nearest' ? ` (nearest: ${describe(published.workload)})` : '';
      const series = `${seriesOnDevice(published)}${nearest}`;
      if (!bars.some((bar) => bar.series === series)) bars.push({ series, tflops: published.tflops, published: true });
    }
    const { median } = summarize(m.samples.map(tflopsOf));
    bars.push({ series: nameOf(m), tflops: median, published: false });
    groups.set(name, bars);
  });
  const all = [...groups.values()].flat();
  if (all.length === 0) return `${nothingToDraw.bars}\n`;
  const floor = 10 ** (Math.floor(Math.log10(Math.min(...all.map(({ tflops }) => tflops)))) - 1);
  const most = Math.max(...all.map(({ tflops }) => tflops));
  const names = Math.max(...all.map(({ series }) => series.length));
  const longest = Math.max(SHORTEST, Math.min(LONGEST, width - names - AROUND));
  const length = (tflops: number) => (longest * Math.log(tflops / floor)) / Math.log(most / floor);
  const lines = [...groups].flatMap(([name, bars]) => [
    '',
    name,
    ...bars
      .sort((a, b) => Number(b.published) - Number(a.published))
      .map(({ series, tflops }) => {
        const bar = blocks(length(tflops));
        return `  ${series.padEnd(names)}  ${paint(bar, series)} ${formatRate(tflops)}`;
      }),
  ]);
  const cited = citedText(run);
  const scale = `Logarithmic: bars begin at ${formatRate(floor)}; every ${(longest / Math.log10(most / floor)).toFixed(1)} characters are a factor of 10.`;
  const text = [scale, ...(cited === '' ? [] : [cited])].map((line) => fitText(line, width));
  return `${[...lines.slice(1), '', ...text].join('\n')}\n`;
}

/** A bar of `length` characters, to an eighth of one. */
function blocks(length: number): string {
  const eighths = Math.max(1, Math.round(length * 8));
  return `${'█'.repeat(Math.floor(eighths / 8))}${EIGHTHS[eighths % 8]}`;
}
