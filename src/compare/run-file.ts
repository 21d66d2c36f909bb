/** A run read back from its file: a journal of JSON lines or a JSON document, checked against the schema. */

import { decidedRatio, pairedRatio, ratiosOf } from '../measure/ratios.ts';
import { badRunFile, tornLine, UsageError, withoutSteering } from '../messages.ts';
import { documentSchema, type Measurement, type RunDocument, SCHEMA_ID, schemaProblem } from '../record/measurement.ts';
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
  const document = plainText(parseDocument(text.replace(/^\ufeff/, ''), name, notice));
  if ((document as { schema?: unknown } | null)?.schema !== SCHEMA_ID) {
    throw new UsageError(badRunFile(name, `it does not name the schema ${SCHEMA_ID}`));
  }
  const result = documentSchema.safeParse(document);
  if (!result.success) {
    throw new UsageError(badRunFile(name, schemaProblem(result.error)));
  }
  const run = result.data;
  const { baseline = null, processes } = run.context.settings ?? {};
  // Records made before processes were kept show the bounds that their runs showed.
  const paired = processes === undefined ? decidedRatio : pairedRatio;
  const ratios = run.ratios.length > 0 ? run.ratios : ratiosOf(withRounds(run.measurements), baseline, paired);
  return { ...run, ratios, comparisons: comparePublished(run.measurements, run.context, set) };
}

/** Properties that every object has. Vega 6 looks a text of such a name up in its own objects, and fails. */
const OWN_NAMES = new Set(Object.getOwnPropertyNames(Object.prototype));
/** Invisible and without width. */
const WORD_JOINER = '\u2060';

/**
 * A value of JSON in which names are text everywhere: steering characters stand as their code, "\\u001b", and the name of a
 * property that every object has gets an invisible character, so that it is none.
 */
function plainText(value: unknown): unknown {
  if (typeof value === 'string') {
    if (OWN_NAMES.has(value)) return `${value}${WORD_JOINER}`;
    return withoutSteering(value);
  }
  if (Array.isArray(value)) return value.map(plainText);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [String(plainText(key)), plainText(item)]));
}

function parseDocument(text: string, name: string, notice: (line: string) => void): unknown {
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
  // A run that was killed, or a full disk, leaves the beginning of a line at the end.
  const last = lines.at(-1);
  const torn = lines.length > 1 && last !== undefined && !text.endsWith('\n') && !isJson(last.line);
  if (torn) notice(tornLine(name, last.number));
  const whole = torn ? lines.slice(0, -1) : lines;
  const [head, ...rest] = whole.map(({ line, number }) => parse(line, number));
  return { ...(head as object), measurements: rest, comparisons: [], ratios: [] };
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
