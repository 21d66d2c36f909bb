/** A kernel, or the oracle, on a case: how far its output is from the operator's, beside what rounding allows. */

import type { Kernel } from '../../kernels/kernel.ts';
import { allowedErrors, type Rounding, roundingOf } from '../../src/host/comparison.ts';
import type { Host } from '../../src/host/contract.ts';
import { type OracleRow, oracle } from '../../src/host/oracle.ts';
import type { Data } from '../../src/problem/data.ts';
import { allRows, wholeSlice } from '../../src/problem/slice.ts';
import { paddedProblem } from '../../src/problem/tensor-problem.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { type Answer, keptPlaces, signs } from './answers.ts';
import { type CaseTensors, type ConformanceCase, problemOf } from './cases.ts';

/** The rounding of results in f32. */
export const F32: Rounding = { output: 'f32', weights: 'f32', independent: true, sides: 2 };

/** A case with its tensors, as a workload, and the oracle's rows in the order of memory. */
export interface PreparedCase {
  case: ConformanceCase;
  workload: Workload;
  data: Data;
  references: OracleRow[];
}

/** Makes it. */
export function prepareCase(c: ConformanceCase, tensors: CaseTensors): PreparedCase {
  const { workload, data } = problemOf(c, tensors);
  return { case: c, workload, data, references: oracle(workload, data, allRows(workload)) };
}

/** The oracle's output, [batch, seqQuery, queryHeads, headDimV]. */
export const oracleOutput = (prepared: PreparedCase): Float32Array =>
  joined(
    prepared,
    prepared.references.map(({ output }) => output),
  );

/** The output of a kernel on a host and the seconds of compiling it, or why it does not take the case. */
export async function kernelOutput(
  host: Host,
  kernel: Kernel,
  prepared: PreparedCase,
): Promise<{ output: Float32Array; rounding: Rounding; compileSeconds: number } | { refused: string }> {
  const device = await host.environment();
  // Head dimensions that it does not take are padded with zeros, which change no result.
  const own = kernel.unsupported(prepared.workload, device) === undefined;
  const { workload: w, data } = own ? prepared : paddedProblem(prepared);
  const refused = kernel.unsupported(w, device);
  if (refused !== undefined) return { refused };
  const program = kernel.build(w, device);
  const slice = wholeSlice(w, program.blockRows);
  const { id, compileSeconds } = await host.prepare({ program, workload: w, slice, data });
  try {
    await host.run(id);
    const output = joined(prepared, await host.read(id, allRows(w)));
    return { output, rounding: roundingOf(w, program), compileSeconds };
  } finally {
    await host.dispose(id);
  }
}

function joined({ case: c }: PreparedCase, rows: readonly (Float32Array | Float64Array)[]): Float32Array {
  const output = new Float32Array(rows.length * c.headDimV);
  rows.forEach((row, index) => {
    output.set(row.subarray(0, c.headDimV), index * c.headDimV);
  });
  return output;
}

/** The largest error over what is allowed, of an output beside another of the same case; above 1 it is wrong. */
export function worstError(
  { case: c, workload, references }: PreparedCase,
  output: Float32Array,
  target: Float32Array,
  rounding: Rounding,
): number {
  let worst = 0;
  references.forEach((reference, row) => {
    const allowed = allowedErrors(workload, reference, { ...rounding, sides: 2 }, c.headDimV);
    allowed.forEach((limit, dim) => {
      const index = row * c.headDimV + dim;
      worst = Math.max(worst, excess(output[index] as number, target[index] as number, limit));
    });
  });
  return worst;
}

/** The same beside what is kept of an answer. */
export function worstKept(
  { case: c, workload, references }: PreparedCase,
  output: Float32Array,
  kept: Answer,
  rounding: Rounding,
): number {
  const allowed = references.map((row) => allowedErrors(workload, row, { ...rounding, sides: 2 }, c.headDimV));
  const limit = (index: number) => allowed[Math.floor(index / c.headDimV)]?.[index % c.headDimV] as number;
  const values = keptPlaces(c, output.length).map((place, index) =>
    excess(output[place] as number, kept.values[index] as number, limit(place)),
  );
  const sign = signs(c, output.length);
  const checksum = output.reduce((sum, value, index) => sum + value * (sign[index] as number), 0);
  // The errors of elements are taken as independent: their squares add up.
  const squares = allowed.reduce((sum, row) => sum + row.reduce((inner, value) => inner + value * value, 0), 0);
  return Math.max(...values, excess(checksum, kept.checksum, Math.sqrt(squares)));
}

/** Of an error, over its limit; infinite where it is no number. Rows that see no key are zeros on both sides. */
function excess(a: number, b: number, limit: number): number {
  if (a === b) return 0;
  const error = Math.abs(a - b);
  return Number.isFinite(error) ? error / limit : Number.POSITIVE_INFINITY;
}
