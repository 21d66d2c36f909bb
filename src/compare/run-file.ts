/** A run read back from its file: a journal of JSON lines or a JSON document, checked against the schema. */

import { decidedRatio, pairedRatio, ratiosOf } from '../measure/ratios.ts';
import { badRunFile, tornLine, UsageError } from '../messages.ts';
import { documentSchema, type Measurement, type RunDocument, SCHEMA_ID, schemaProblem } from '../record/measurement.ts';
import { plainJson, TooDeepError } from '../record/plain-json.ts';
import { comparePublished } from './comparisons.ts';
import type { PublishedSet } from './published-figures.ts';

/**
 * The run in `text`; `name` is for messages. Comparisons are made anew with the figures of `set`; a journal has no
 * ratios, so they are derived as at the end of the run. A journal whose last line was not written whole is read without it, and
 * `notice` is told. Throws UsageError where the file is no run.
 */
export function parseRunFile(
  text: string,
  name: string,
  set: PublishedSet,
  notice: (line: string) => void = () => {},
): RunDocument {
  const { value, torn } = parseDocument(text.replace(/^\ufeff/, ''), name);
  const document = plain(value, name);
  if ((document as { schema?: unknown } | null)?.schema !== SCHEMA_ID) {
    throw new UsageError(badRunFile(name, `it does not name the schema ${SCHEMA_ID}`));
  }
  const result = documentSchema.safeParse(document);
  if (!result.success) {
    throw new UsageError(badRunFile(name, schemaProblem(result.error)));
  }
  // What is refused as a whole gets one line, not a notice before it.
  if (torn !== null) notice(tornLine(name, torn));
  const run = result.data;
  const { baseline = null, processes } = run.context.settings ?? {};
  // Records made before processes were kept show the bounds that their runs showed.
  const paired = processes === undefined ? decidedRatio : pairedRatio;
  const ratios = run.ratios.length > 0 ? run.ratios : ratiosOf(withRounds(run.measurements), baseline, paired);
  return { ...run, ratios, comparisons: comparePublished(run.measurements, run.context, set) };
}

/** As plainJson; a value that is nested too deeply is no record. */
function plain(value: unknown, name: string): unknown {
  try {
    return plainJson(value);
  } catch (error) {
    if (!(error instanceof TooDeepError)) throw error;
    throw new UsageError(badRunFile(name, error.message));
  }
}

/** The document in a text, and the number of its last line where that is left out because it was not written whole. */
function parseDocument(text: string, name: string): { value: unknown; torn: number | null } {
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
    if (lines.length > 1 || (value as { measurements?: unknown } | null)?.measurements !== undefined) {
      return { value, torn: null };
    }
  }
  // A run that was killed, or a full disk, leaves the beginning of a line at the end.
  const last = lines.at(-1);
  const torn = lines.length > 1 && last !== undefined && !text.endsWith('\n') && !isJson(last.line);
  const whole = torn ? lines.slice(0, -1) : lines;
  const [head, ...rest] = whole.map(({ line, number }) => parse(line, number));
  const value = { ...(head as object), measurements: rest, comparisons: [], ratios: [] };
  return { value, torn: torn ? last.number : null };
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
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
