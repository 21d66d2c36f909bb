/** The work of bench verify: every row of the output, not a sample of them. */

import { readFileSync } from 'node:fs';
import { findKernel } from '../../../kernels/index.ts';
import { compareRows, oracle, type Verification as RowComparison, roundsWeights } from '../../host/oracle.ts';
import { createHostPool } from '../../host/pool.ts';
import { createPreparedRun } from '../../measure/prepared-run.ts';
import { FIRST_RATES } from '../../measure/runner.ts';
import { badSafetensors, messageOf, UsageError } from '../../messages.ts';
import { SafetensorsError, type Tensor, writeSafetensors } from '../../problem/safetensors.ts';
import { allRows, wholeSlice } from '../../problem/slice.ts';
import { type AttentionSettings, readProblem, type TensorProblem } from '../../problem/tensor-problem.ts';
import { describe, type Workload } from '../../problem/workload.ts';
import { checkWritable, orUnreadable, writeInto } from '../../record/files.ts';
import { formatVerification, type VerifiedOutput } from '../../report/verification-text.ts';
import type { TargetOptions } from '../options/device.ts';
import { openTargets } from '../targets/open-targets.ts';
import { printText } from '../terminal/output.ts';

/** What bench verify was asked for. */
export interface VerifyOptions extends AttentionSettings {
  tensors: string;
  output: string | null;
  format: 'table' | 'json';
  target: TargetOptions;
}

/** Runs a kernel on the tensors of a file and compares every row; 1 where it cannot run or a row is wrong. */
export async function verifyKernel(name: string, options: VerifyOptions): Promise<number> {
  const kernel = findKernel(name);
  const { workload: w, data, expected } = loadProblem(options);
  if (options.output !== null) checkWritable(options.output);
  const { targets, close } = await openTargets({ ...options.target, kernels: [kernel], named: true });
  const [target] = targets;
  const pool = createHostPool();
  try {
    if (target?.state !== 'open') throw new Error(target?.reason ?? 'no device');
    const { environment } = target;
    const unsupported = kernel.unsupported(w, environment);
    if (unsupported !== undefined) throw new Error(unsupported);
    const program = kernel.build(w, environment);
    const firstRate = FIRST_RATES[kernel.backend];
    const prepared = createPreparedRun(w, target, pool, {
      data,
      wallClock: false,
      firstRate,
      signal: new AbortController().signal,
    });
    await prepared.prepare(program, wholeSlice(w, program.blockRows));
    await prepared.run();
    const rows = allRows(w);
    const outputs = await prepared.read(rows);
    if (options.output !== null) writeInto(options.output, writeSafetensors({ o: joinRows(w, outputs) }));
    const own = compareRows(w, oracle(w, data, rows), outputs, roundsWeights(program));
    const file = expected === undefined ? null : compareWithFile(w, expected, outputs, own.tolerance);
    const right = own.maxRelativeError <= own.tolerance && (file === null || file.maxRelativeError <= file.tolerance);
    const result: VerifiedOutput = {
      kernel: kernel.name,
      device: environment.device.name,
      workload: w,
      agrees: right,
      oracle: own,
      file,
    };
    if (options.format === 'json') process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else printText(formatVerification(result));
    return right ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${kernel.name}, ${describe(w)}: ${messageOf(error)}\n`);
    return 1;
  } finally {
    await pool.close();
    await close();
  }
}

/** Reads the file and the problem in it. Throws UsageError with one line where either cannot be used. */
function loadProblem({ tensors: path, ...attention }: VerifyOptions): TensorProblem {
  const bytes = orUnreadable(path, () => new Uint8Array(readFileSync(path)));
  try {
    return readProblem(bytes, attention);
  } catch (error) {
    if (error instanceof SafetensorsError) throw new UsageError(badSafetensors(path, error.message));
    throw error;
  }
}

function joinRows(w: Workload, rows: readonly Float32Array[]): { shape: number[]; values: Float32Array } {
  const values = new Float32Array(rows.length * w.headDim);
  rows.forEach((row, index) => {
    values.set(row, index * w.headDim);
  });
  return { shape: [w.batch, w.seqQuery, w.queryHeads, w.headDim], values };
}

/** Steps of a stored type near 1, relative: what rounding the file's o to it can cost. */
const ROUNDING = { F32: 0, F16: 2 ** -11, BF16: 2 ** -8 } as const;

/** The output beside the file's o, whose own rounding to its dtype is allowed for. */
function compareWithFile(w: Workload, o: Tensor, outputs: readonly Float32Array[], tolerance: number): RowComparison {
  const references = outputs.map((_, index) => ({
    output: Float64Array.from(o.values.subarray(index * w.headDim, (index + 1) * w.headDim)),
    maxLogit: 0,
    termSize: 0,
    weightSpread: new Float64Array(w.headDim),
    keys: 0,
  }));
  // A rounded value errs by half a step of its own size; the largest of a row is some 4 times the row's size.
  return { ...compareRows(w, references, outputs), tolerance: 2 * tolerance + 4 * ROUNDING[o.dtype] };
}
