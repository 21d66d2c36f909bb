/** A run read back from its file: a journal of JSON lines or a JSON document, checked against the schema. */

import { knownKernel } from '../../kernels/index.ts';
import { summarize } from '../measure/statistics.ts';
import { badRunFile, UsageError } from '../messages.ts';
import { sameProblem } from '../problem/workload.ts';
import {
  documentSchema,
  type Measured,
  type Measurement,
  type Ratio,
  type RunDocument,
} from '../record/measurement.ts';
import { rateOf } from '../record/rate.ts';
import { comparePublished } from './comparisons.ts';
import type { PublishedSet } from './published-figures.ts';

/**
 * The run in `text`; `name` is for messages. Comparisons are made anew with the figures of `set`; a journal has no ratios, so those
 * of ablations are paired sample by sample, as they ran. Throws UsageError where the file is no run.
 */
export function parseRunFile(text: string, name: string, set: PublishedSet): RunDocument {
  const document = parseDocument(text, name);
  const result = documentSchema.safeParse(document);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw new UsageError(badRunFile(name, `${issue?.path.join('.') || 'the document'}: ${issue?.message}`));
  }
  const run = result.data;
  const ratios = run.ratios.length > 0 ? run.ratios : ablationRatios(run.measurements);
  return { ...run, ratios, comparisons: comparePublished(run.measurements, run.context, set) };
}

function parseDocument(text: string, name: string): unknown {
  const parse = (part: string, line: number): unknown => {
    try {
      return JSON.parse(part);
    } catch {
      throw new UsageError(badRunFile(name, `line ${line} is not JSON`));
    }
  };
  const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, number: index + 1 }]));
  const first = lines[0];
  if (first === undefined) throw new UsageError(badRunFile(name, 'it is empty'));
  // A document is one value over many lines; a journal has one value a line.
  if (first.line.trim() === '{' || lines.length === 1) {
    const value = parse(text, 1);
    if (lines.length > 1 || (value as { measurements?: unknown } | null)?.measurements !== undefined) return value;
  }
  const [head, ...rest] = lines.map(({ line, number }) => parse(line, number));
  return { ...(head as object), measurements: rest, comparisons: [], ratios: [] };
}

/** Throughput of each ablation over the kernel that it varies, sample by sample: kernels of a point take turns. */
function ablationRatios(measurements: readonly Measurement[]): Ratio[] {
  const measured = measurements.filter((m): m is Measured => m.state === 'measured');
  return measured.flatMap((m): Ratio[] => {
    const baseline = knownKernel(m.kernel)?.ablation?.of;
    const base = measured.find(
      (other) => other.kernel === baseline && other.device === m.device && sameProblem(other.workload, m.workload),
    );
    if (base === undefined) return [];
    const pairs = m.samples.slice(0, base.samples.length);
    const { median, low, high } = summarize(
      pairs.map((sample, i) => rateOf(sample) / rateOf(base.samples[i] as (typeof base.samples)[number])),
    );
    const bounds = low === null || high === null ? {} : { low, high };
    const { kernel, workload, threads, device } = m;
    return [{ kernel, baseline: base.kernel, workload, threads, device, ratio: median, ...bounds }];
  });
}
