/** An output beside the one that a file holds: which rows can be compared, and what else would explain a difference. */

import { compareRows, type Rounding, type Verification } from '../host/comparison.ts';
import { type OracleRow, oracle } from '../host/oracle.ts';
import { SafetensorsError } from '../problem/safetensors.ts';
import { allRows, type RowAddress } from '../problem/slice.ts';
import { LAYOUTS } from '../problem/tensor-layout.ts';
import { type AttentionSettings, readProblem, type TensorProblem } from '../problem/tensor-problem.ts';
import type { TensorSet } from '../problem/tensor-set.ts';
import { keyRange, type Workload } from '../problem/workload.ts';

/** Outputs that are no numbers where they should be, or numbers where they should not. */
export interface PatternDifference {
  rows: number;
  first: RowAddress;
}

/** A comparison of rows; those with NaN or infinity in other places than expected are counted apart. */
export interface RowsCompared extends Verification {
  notNumbers: PatternDifference | null;
}

/** Rows of a problem: where they are, what the oracle says, what came out, and what the file holds, if anything. */
export interface ProblemRows {
  addresses: readonly RowAddress[];
  references: readonly OracleRow[];
  outputs: readonly Float32Array[];
}

/** Outputs beside the oracle; `rounding` is that of the program. */
export function compareWithOracle(
  problem: TensorProblem,
  rows: ProblemRows,
  rounding: Rounding,
  tolerance: number | null,
): RowsCompared {
  const targets = rows.references.map(({ output }) => output);
  return compareNumbers(problem, rows, targets, { tolerance, dims: problem.headDimV, rounding });
}

/**
 * Outputs beside the file's o, whose own rounding to its type is allowed for: that of its weights and of its output. Rows
 * that see no key are left out: what stands in them is a convention.
 */
export function compareWithStored(problem: TensorProblem, rows: ProblemRows, tolerance: number | null): RowsCompared {
  const { workload: w, dtype, headDimV } = problem;
  const seeing = rows.addresses.flatMap(({ row }, index) => (seesNothing(w, row) ? [] : [index]));
  const pick = <T>(list: readonly T[]) => seeing.map((index) => list[index] as T);
  const stored = storedRows(problem);
  const own = { addresses: pick(rows.addresses), references: pick(rows.references), outputs: pick(rows.outputs) };
  const rounding = { output: dtype, weights: dtype, independent: false, sides: 2 } as const;
  return compareNumbers(problem, own, pick(stored), { tolerance, dims: headDimV, rounding });
}

function compareNumbers(
  { workload, headDimV }: TensorProblem,
  { addresses, references, outputs }: ProblemRows,
  targets: readonly (Float32Array | Float64Array)[],
  comparing: Parameters<typeof compareRows>[3],
): RowsCompared {
  const differing = addresses.flatMap((_, index) =>
    samePattern(targets[index], outputs[index], headDimV) ? [] : [index],
  );
  const apart = new Set(differing);
  const pick = <T>(list: readonly T[]) => list.filter((_, index) => !apart.has(index));
  const [first] = differing.map((index) => addresses[index] as RowAddress);
  return {
    ...compareRows(workload, pick(references), pick(outputs), { ...comparing, targets: pick(targets) }),
    rows: addresses.length,
    notNumbers: first === undefined ? null : { rows: differing.length, first },
  };
}

type Values = Float32Array | Float64Array | undefined;

/** Whether both have their NaN and infinities in the same places. */
function samePattern(a: Values, b: Values, dims: number): boolean {
  for (let d = 0; d < dims; d += 1) {
    const [x, y] = [a?.[d] ?? Number.NaN, b?.[d] ?? Number.NaN];
    if (Number.isFinite(x) !== Number.isFinite(y)) return false;
    if (!Number.isFinite(x) && !Object.is(x, y)) return false;
  }
  return true;
}

/** The rows of the file's o, in the order of memory. */
function storedRows({ workload: w, expected = new Float32Array(), headDimV }: TensorProblem): Float32Array[] {
  return allRows(w).map((_, index) => expected.subarray(index * headDimV, (index + 1) * headDimV));
}

const seesNothing = (w: Workload, row: number) => {
  const { low, high } = keyRange(w, row);
  return high <= low;
};

/** The query rows that see no key, and what the file's o holds in them; null where every row sees one. */
export interface UnseeingRows {
  rows: number[];
  holds: 'NaN' | 'zeros' | 'other values' | null;
}

/** The rows that see no key. They are the same in every head and batch. */
export function unseeingRows(problem: TensorProblem): UnseeingRows | null {
  const { workload: w, expected, headDimV } = problem;
  const rows = Array.from({ length: w.seqQuery }, (_, row) => row).filter((row) => seesNothing(w, row));
  if (rows.length === 0) return null;
  if (expected === undefined) return { rows, holds: null };
  const values = allRows(w).flatMap(({ row }, index) =>
    rows.includes(row) ? [...expected.subarray(index * headDimV, (index + 1) * headDimV)] : [],
  );
  const holds = values.every(Number.isNaN) ? 'NaN' : values.every((value) => value === 0) ? 'zeros' : 'other values';
  return { rows, holds };
}

/** Rows that another reading of the file is tried on. */
const TRIED_ROWS = 48;

/**
 * Other readings of the file that its o fits where this one does not: the other mask, other layouts. Each is given as the
 * change of the settings that makes it.
 */
export function fittingSettings(set: TensorSet, settings: AttentionSettings): Partial<AttentionSettings>[] {
  const current = readProblem(set, settings);
  const others: Partial<AttentionSettings>[] = [
    { causal: !settings.causal },
    ...LAYOUTS.filter((layout) => layout !== current.layout).flatMap((layout) => [
      { layout },
      { layout, causal: !settings.causal },
    ]),
  ];
  return others.filter((change) => {
    try {
      return fits(readProblem(set, { ...settings, ...change }));
    } catch (error) {
      // The shapes do not allow this reading.
      if (error instanceof SafetensorsError) return false;
      throw error;
    }
  });
}

/** Whether the file's o is right, in rows spread over it. */
function fits(problem: TensorProblem): boolean {
  const { workload: w, data, headDimV } = problem;
  const all = allRows(w);
  const step = Math.max(1, Math.floor(all.length / TRIED_ROWS));
  const indices = all.flatMap(({ row }, index) => (index % step === 0 && !seesNothing(w, row) ? [index] : []));
  const addresses = indices.map((index) => all[index] as RowAddress);
  const references = oracle(w, data, addresses);
  const stored = storedRows(problem);
  const outputs = references.map(({ output }) => Float32Array.from(output));
  const targets = indices.map((index) => stored[index] as Float32Array);
  const rounding = { output: problem.dtype, weights: problem.dtype, independent: false, sides: 1 } as const;
  const found = compareNumbers(problem, { addresses, references, outputs }, targets, { dims: headDimV, rounding });
  return found.notNumbers === null && found.maxRelativeError <= found.tolerance;
}
