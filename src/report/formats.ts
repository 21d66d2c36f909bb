/** A run for other programs: as CSV and as JSON Lines. */

import { seriesOf, seriesOnDevice } from '../compare/published-figures.ts';
import { summarize } from '../measure/series.ts';
import { scoreOptions } from '../problem/scores.ts';
import { describe, valueDim, type Workload } from '../problem/workload.ts';
import type { Comparison, RunDocument } from '../record/measurement.ts';
import { tflopsOf } from '../record/rate.ts';
import { reasonOf } from '../record/unmeasured.ts';
import { citedSeries } from './cited-figures.ts';

/** A cell by RFC 4180, quoted if it holds a quote, a comma or a line break. */
const csvCell = (value: string | number | null) => {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** A line for each measurement with every input and number; one without a number has the reason in its line. */
export function formatCsv(run: RunDocument): string {
  const libraries = citedSeries(run);
  const anyNearest = run.comparisons.some(({ kind }) => kind === 'nearest');
  const anyScores = run.measurements.some(({ workload }) => scoreOptions(workload).length > 0);
  const scoresOf = ({ softcap, sinks, alibi }: Workload) =>
    anyScores ? [softcap ?? null, String(sinks ?? false), String(alibi ?? false)] : [];
  const header = [
    ...['state', 'kernel', 'backend', 'host', 'device', 'variant', 'threads', 'batch', 'query_heads', 'kv_heads'],
    ...[
      'head_dim',
      'head_dim_v',
      'seq_query',
      'seq_kv',
      'mask',
      'window',
      'dtype',
      'tflops',
      'tflops_low',
      'tflops_high',
      'samples',
    ],
    ...['tflops_min', 'tflops_max', 'pass_seconds', 'coverage', 'clock', 'max_relative_error', 'reason'],
    ...libraries.flatMap((library) => [`slower_than_${library}`, `slower_than_${library}_error`]),
    ...(anyNearest ? ['nearest_published', 'slower_than_nearest', 'slower_than_nearest_error'] : []),
    ...(anyScores ? ['softcap', 'sinks', 'alibi'] : []),
  ];
  const lines = run.measurements.map((m, index) => {
    const w = m.workload;
    const device = m.device === null ? '' : (run.context.devices[m.device]?.name ?? '');
    const point = [
      m.state,
      m.kernel,
      m.backend,
      m.host,
      device,
      m.variant,
      m.threads,
      w.batch,
      w.queryHeads,
      w.kvHeads,
    ];
    const shape = [w.headDim, valueDim(w), w.seqQuery, w.seqKv, w.mask, w.window, w.dtype];
    if (m.state !== 'measured') {
      return [
        ...point,
        ...shape,
        ...Array<null>(10).fill(null),
        reasonOf(m),
        ...libraries.flatMap(() => [null, null]),
        ...(anyNearest ? [null, null, null] : []),
        ...scoresOf(w),
      ];
    }
    const { minimum, maximum } = summarize(m.samples.map(tflopsOf));
    const own = run.comparisons.filter(({ measurement }) => measurement === index);
    return [
      ...[...point, ...shape, m.tflops.median, m.tflops.low ?? null, m.tflops.high ?? null, m.samples.length],
      ...[minimum, maximum, m.passSeconds, m.coverage, m.samples[0]?.clock ?? null],
      ...[m.verification.maxRelativeError, null],
      ...libraries.flatMap((library) => {
        const match = own.find(
          ({ kind, published }) => kind === 'exact' && published !== null && seriesOf(published) === library,
        );
        return [match?.ratio ?? null, match?.ratioError ?? null];
      }),
      ...(anyNearest ? nearestCells(own.find(({ kind }) => kind === 'nearest')) : []),
      ...scoresOf(w),
    ];
  });
  return [header, ...lines].map((cells) => `${cells.map(csvCell).join(',')}\r\n`).join('');
}

function nearestCells(match: Comparison | undefined): (string | number | null)[] {
  if (match?.published == null) return [null, null, null];
  return [`${seriesOnDevice(match.published)}, ${describe(match.published.workload)}`, match.ratio, match.ratioError];
}

/** The lines of a journal: the context, then each measurement. */
export function formatJsonLines(run: RunDocument): string {
  return [{ schema: run.schema, context: run.context }, ...run.measurements]
    .map((record) => `${JSON.stringify(record)}\n`)
    .join('');
}
