/** An output beside the one that a file holds: which rows can be compared, and what else would explain a difference. */

import { compareRows, type Rounding, type Verification } from '../host/comparison.ts';
import { type OracleRow, oracle } from '../host/oracle.ts';
import { SafetensorsError } from '../problem/safetensors.ts';
import { allRows, type RowAddress } from '../problem/slice.ts';
import { LAYOUTS } from '../problem/tensor-layout.ts';
import type { AskedRole } from '../problem/tensor-names.ts';
import { type AttentionSettings, readProblem, type TensorProblem } from '../problem/tensor-problem.ts';
import { type TensorSet, withOthers } from '../problem/tensor-set.ts';

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
  const { dtype, headDimV } = problem;
  const seeing = rows.references.flatMap(({ keys }, index) => (keys === 0 ? [] : [index]));
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

/** The query rows that see no key, in all heads or some, and what the file's o holds in them; null where every row sees one. */
export interface UnseeingRows {
  rows: number[];
  holds: 'NaN' | 'zeros' | 'other values' | null;
}

/** The rows that see no key: the same in every head and batch, unless a mask tensor has heads or batches of its own. */
export function unseeingRows({ expected, headDimV }: TensorProblem, all: ProblemRows): UnseeingRows | null {
  const unseeing = all.references.flatMap(({ keys }, index) => (keys === 0 ? [index] : []));
  const rows = [...new Set(unseeing.map((index) => (all.addresses[index] as RowAddress).row))].sort((a, b) => a - b);
  if (rows.length === 0) return null;
  if (expected === undefined) return { rows, holds: null };
  const values = unseeing.flatMap((index) => [...expected.subarray(index * headDimV, (index + 1) * headDimV)]);
  const holds = values.every(Number.isNaN) ? 'NaN' : values.every((value) => value === 0) ? 'zeros' : 'other values';
  return { rows, holds };
}

/** Rows that another reading of the file is tried on. */
const TRIED_ROWS = 48;

/** A change of the settings, and tensors of the file that it puts to use. */
export interface OtherReading extends Partial<AttentionSettings> {
  using?: AskedRole[];
}

/**
 * Other readings of the file that its o fits where this one does not: the other mask, other layouts, with sinks or a mask
 * tensor that the file has. Each is given as the change that makes it.
 */
export function fittingSettings(set: TensorSet, settings: AttentionSettings): OtherReading[] {
  const current = readProblem(set, settings);
  const roles = [...set.others.keys()];
  const uses = [...roles.map((role) => [role]), ...(roles.length > 1 ? [roles] : [])];
  const others: OtherReading[] = [
    { causal: !settings.causal },
    ...uses.flatMap((using) => [{ using }, { using, causal: !settings.causal }]),
    ...LAYOUTS.filter((layout) => layout !== current.layout).flatMap((layout) => [
      { layout },
      { layout, causal: !settings.causal },
    ]),
  ];
  return others.filter(({ using = [], ...change }) => {
    try {
      return fits(readProblem(withOthers(set, using), { ...settings, ...change }));
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
  const spread = all.flatMap((_, index) => (index % step === 0 ? [index] : []));
  const computed = oracle(
    w,
    data,
    spread.map((index) => all[index] as RowAddress),
  );
  const seeing = computed.flatMap(({ keys }, i) => (keys === 0 ? [] : [i]));
  const indices = seeing.map((i) => spread[i] as number);
  const addresses = indices.map((index) => all[index] as RowAddress);
  const references = seeing.map((i) => computed[i] as OracleRow);
  const stored = storedRows(problem);
  const outputs = references.map(({ output }) => Float32Array.from(output));
  const targets = indices.map((index) => stored[index] as Float32Array);
  const rounding = { output: problem.dtype, weights: problem.dtype, independent: false, sides: 1 } as const;
  const found = compareNumbers(problem, { addresses, references, outputs }, targets, { dims: headDimV, rounding });
  return found.notNumbers === null && found.maxRelativeError <= found.tolerance;
}
