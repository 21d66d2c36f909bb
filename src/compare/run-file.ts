/** A run read back from its file: a journal of JSON lines or a JSON document, checked against the schema. */

import { ratiosOf } from '../measure/ratios.ts';
import { badRunFile, UsageError } from '../messages.ts';
import { documentSchema, type Measurement, type RunDocument, SCHEMA_ID, schemaProblem } from '../record/measurement.ts';
import { comparePublished } from './comparisons.ts';
import type { PublishedSet } from './published-figures.ts';

/**
 * The run in `text`; `name` is for messages. Comparisons are made anew with the figures of `set`; a journal has no
 * ratios, so they are derived as at the end of the run. Throws UsageError where the file is no run.
 */
export function parseRunFile(text: string, name: string, set: PublishedSet): RunDocument {
  const document = parseDocument(text, name);
  if ((document as { schema?: unknown } | null)?.schema !== SCHEMA_ID) {
    throw new UsageError(badRunFile(name, `it does not name the schema ${SCHEMA_ID}`));
  }
  const result = documentSchema.safeParse(document);
  if (!result.success) {
    throw new UsageError(badRunFile(name, schemaProblem(result.error)));
  }
  const run = result.data;
  const baseline = run.context.settings?.baseline ?? null;
  const ratios = run.ratios.length > 0 ? run.ratios : ratiosOf(withRounds(run.measurements), baseline);
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

/** More than the samples of any measurement. */
const MANY = 1_000_000;

/**
 * Measurements whose samples all have a round. In records made before rounds were kept, the kernels of one device took
 * turns at a workload, so the index of a sample stands in for its round; that is wrong where a round skipped a kernel.
 */
function withRounds(measurements: readonly Measurement[]): Measurement[] {
  const firstRounds = new Map<string, number>();
  return measurements.map((m) => {
    if (m.state !== 'measured') return m;
    // Each device and workload has rounds of its own, so that nothing else is paired.
    const key = JSON.stringify([m.device, m.workload]);
    const first = firstRounds.get(key) ?? firstRounds.size * MANY;
    firstRounds.set(key, first);
    return { ...m, samples: m.samples.map((sample, index) => ({ ...sample, round: sample.round ?? first + index })) };
  });
}
