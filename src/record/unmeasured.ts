/** Why some measurements of a run have no number. */

import type { Measured, Measurement } from './measurement.ts';

/** The reason of a skipped measurement, or the message of a failed one. */
export function reasonOf(m: Exclude<Measurement, Measured>): string {
  return m.state === 'skipped' ? m.reason : m.message;
}

/** The same with the state before it: "skipped, REASON" or "failed, MESSAGE". */
export function whyNotMeasured(m: Exclude<Measurement, Measured>): string {
  return `${m.state}, ${reasonOf(m)}`;
}

/** The reasons of all of them, each once, in the order of the record. */
export function reasonsOf(measurements: readonly Measurement[]): string[] {
  return [...new Set(measurements.flatMap((m) => (m.state === 'measured' ? [] : [reasonOf(m)])))];
}
