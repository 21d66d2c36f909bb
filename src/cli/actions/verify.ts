/** The work of bench verify: every row of the output, not a sample of them. */

import { findKernel } from '../../../kernels/index.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { type Rounding, roundingOf } from '../../host/comparison.ts';
import { type OracleRow, oracle } from '../../host/oracle.ts';
import { createHostPool } from '../../host/pool.ts';
import { createPreparedRun } from '../../measure/prepared-run.ts';
import { FIRST_RATES } from '../../measure/runner.ts';
import {
  compareWithOracle,
  compareWithStored,
  fittingSettings,
  type OtherReading,
  type RowsCompared,
  unseeingRows,
} from '../../measure/stored-output.ts';
import { badSafetensors, messageOf, UsageError, verifyHints } from '../../messages.ts';
import { SafetensorsError, writeSafetensors } from '../../problem/safetensors.ts';
import { allRows, type RowAddress, wholeSlice } from '../../problem/slice.ts';
import type { Role } from '../../problem/tensor-names.ts';
import {
  type AttentionSettings,
  likelierBhsd,
  paddedProblem,
  readProblem,
  type TensorProblem,
} from '../../problem/tensor-problem.ts';
import { notFinite, readTensorSet, type TensorSet } from '../../problem/tensor-set.ts';
import { describe, type Workload } from '../../problem/workload.ts';
import { checkWritable, writeInto } from '../../record/files.ts';
import { formatVerification, type VerifiedOutput } from '../../report/verification-text.ts';
import type { TargetOptions } from '../options/device.ts';
import { openTargets } from '../targets/open-targets.ts';
import { withTensorFile } from '../tensor-file.ts';
import { printText } from '../terminal/output.ts';
import { createProgress, type Progress } from '../terminal/progress.ts';

/** What bench verify was asked for. */
export interface VerifyOptions extends AttentionSettings {
  tensors: string;
  map: Partial<Record<Role, string>>;
  /** Whether the file's sinks are used; `map` has a mask tensor that is. */
  sinks: boolean;
  /** An error over its row's size that is right, in place of the derived one. */
  tolerance: number | null;
  output: string | null;
  format: 'table' | 'json';
  target: TargetOptions;
}

/** Runs a kernel on the tensors of a file and compares every row; 1 where it cannot run or a row is wrong. */
export async function verifyKernel(name: string, options: VerifyOptions): Promise<number> {
  const kernel = findKernel(name);
  const progress = createProgress(false);
  const { set, problem } = loadProblem(options, progress);
  const { workload: w } = problem;
  if (options.output !== null) checkWritable(options.output);
  try {
    const { device, outputs, rounding, paddedTo } = await run(kernel, problem, options, progress);
    const addresses = allRows(w);
    const references = referencesOf(problem, addresses, progress);
    progress.stop();
    if (options.output !== null) writeInto(options.output, writeSafetensors({ o: joinRows(problem, outputs) }));
    const rows = { addresses, references, outputs };
    // A tolerance that is given is one for the file's o, where there is one.
    const stored = problem.expected === undefined ? null : compareWithStored(problem, rows, options.tolerance);
    const own = compareWithOracle(problem, rows, rounding, stored === null ? options.tolerance : null);
    const agrees = isRight(own) && (stored === null || isRight(stored));
    const { layout, headDim, headDimV, dtype, rounded } = problem;
    const result: VerifiedOutput = {
      ...{ kernel: kernel.name, device, workload: w, agrees, oracle: own, file: stored },
      tensors: { layout, names: set.names, unused: set.unused, headDim, headDimV, paddedTo, dtype, rounded },
      notFinite: notFinite(set),
      unseeing: unseeingRows(problem, rows),
      hints: hintsOf(set, problem, options, own, stored),
    };
    if (options.format === 'json') process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
    else printText(formatVerification(result));
    return agrees ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${kernel.name}, ${describe(w)}: ${messageOf(error)}\n`);
    return 1;
  } finally {
    progress.stop();
  }
}

const isRight = ({ notNumbers, maxRelativeError, tolerance }: RowsCompared) =>
  notNumbers === null && maxRelativeError <= tolerance;

/** Reads the file and the problem in it. Throws UsageError with one line where either cannot be used. */
function loadProblem(options: VerifyOptions, progress: Progress): { set: TensorSet; problem: TensorProblem } {
  const { tensors: path, map, sinks } = options;
  try {
    const set = withTensorFile(path, (source) =>
      readTensorSet(source, map, (share) => progress.update(share / 3, `reading ${path}`), sinks),
    );
    return { set, problem: readProblem(set, options) };
  } catch (error) {
    if (error instanceof SafetensorsError) throw new UsageError(badSafetensors(path, error.message));
    throw error;
  } finally {
    progress.stop();
  }
}

/** The outputs of the kernel, every row, and the device that it ran on. Throws where it cannot run. */
async function run(
  kernel: Kernel,
  problem: TensorProblem,
  { target: wanted }: VerifyOptions,
  progress: Progress,
): Promise<{ device: string; outputs: Float32Array[]; rounding: Rounding; paddedTo: number | null }> {
  const { targets, close } = await openTargets({ ...wanted, kernels: [kernel], named: true });
  const [target] = targets;
  const pool = createHostPool();
  try {
    if (target?.state !== 'open') throw new Error(target?.reason ?? 'no device');
    const { environment } = target;
    // Halves, or bf16, stay such where the kernel takes them.
    const taken = ({ workload }: Pick<TensorProblem, 'workload'>) => {
      const typed: Workload = { ...workload, dtype: problem.dtype };
      return kernel.unsupported(typed, environment) === undefined ? typed : workload;
    };
    const padded = kernel.unsupported(taken(problem), environment) === undefined ? null : paddedProblem(problem);
    const { data } = padded ?? problem;
    const w = taken(padded ?? problem);
    const unsupported = kernel.unsupported(w, environment);
    if (unsupported !== undefined) throw new Error(unsupported);
    const program = kernel.build(w, environment);
    const prepared = createPreparedRun(w, target, pool, {
      data,
      wallClock: false,
      firstRate: FIRST_RATES[kernel.backend],
      signal: new AbortController().signal,
    });
    progress.update(1 / 3, `${kernel.name} runs`);
    await prepared.prepare(program, wholeSlice(w, program.blockRows));
    await prepared.run();
    const outputs = await prepared.read(allRows(w));
    const paddedTo = padded?.workload.headDim ?? null;
    return { device: environment.device.name, outputs, rounding: roundingOf(w, program), paddedTo };
  } finally {
    await pool.close();
    await close();
  }
}

/** Rows that the oracle computes between two steps of the progress. */
const ROWS_AT_ONCE = 256;

/** The oracle's rows, in the order of the addresses; made head by head, since the rows of a head share its keys. */
function referencesOf(problem: TensorProblem, addresses: readonly RowAddress[], progress: Progress): OracleRow[] {
  const { workload: w, data } = problem;
  const order = addresses.map((_, index) => index);
  const headOf = (index: number) => {
    const { batch, queryHead } = addresses[index] as RowAddress;
    return batch * w.queryHeads + queryHead;
  };
  order.sort((a, b) => headOf(a) - headOf(b) || a - b);
  const references: OracleRow[] = [];
  for (let start = 0; start < order.length; start += ROWS_AT_ONCE) {
    const indices = order.slice(start, start + ROWS_AT_ONCE);
    const rows = oracle(
      w,
      data,
      indices.map((index) => addresses[index] as RowAddress),
    );
    indices.forEach((index, i) => {
      references[index] = rows[i] as OracleRow;
    });
    progress.update(1 / 3 + (2 / 3) * ((start + indices.length) / order.length), 'the oracle computes every row');
  }
  return references;
}

/** The output as the file's o would be: [batch, seq, heads, headDimV], or in the layout of the file. */
function joinRows(
  { workload: w, headDimV, layout }: TensorProblem,
  rows: readonly Float32Array[],
): { shape: number[]; values: Float32Array } {
  const values = new Float32Array(rows.length * headDimV);
  allRows(w).forEach(({ batch, row, queryHead }, index) => {
    const place =
      layout === 'bhsd'
        ? (batch * w.queryHeads + queryHead) * w.seqQuery + row
        : (batch * w.seqQuery + row) * w.queryHeads + queryHead;
    values.set((rows[index] as Float32Array).subarray(0, headDimV), place * headDimV);
  });
  const shape = {
    bshd: [w.batch, w.seqQuery, w.queryHeads, headDimV],
    bhsd: [w.batch, w.queryHeads, w.seqQuery, headDimV],
    thd: [w.seqQuery, w.queryHeads, headDimV],
  }[layout];
  return { shape, values };
}

/** No rounding explains an error above this share of a row's size: bf16 has steps of 2^-7. */
const ROUNDING_AT_MOST = 2 ** -5;

/** What may be wrong where the verdict may mislead: the layout, the mask, the type. */
function hintsOf(
  set: TensorSet,
  problem: TensorProblem,
  options: VerifyOptions,
  own: RowsCompared,
  stored: RowsCompared | null,
): string[] {
  const hints: string[] = [];
  const other = likelierBhsd(set, problem);
  if (other !== null) hints.push(verifyHints.layout(other.seqQuery, other.queryHeads, other.kvHeads));
  if (stored === null || isRight(stored) || !isRight(own)) return hints;
  const fitting = fittingSettings(set, options);
  hints.push(...fitting.map((change) => verifyHints.fits(settingsText(change, set))));
  if (fitting.length === 0 && set.unused.length > 0) hints.push(verifyHints.unused(set.unused));
  const small = stored.notNumbers === null && stored.maxRelativeError < ROUNDING_AT_MOST;
  if (fitting.length === 0 && small && problem.dtype === 'f32' && options.dtype === null) hints.push(verifyHints.dtype);
  return hints;
}

function settingsText({ causal, layout, using = [] }: OtherReading, { offered }: TensorSet): string {
  return [
    ...(using.includes('sinks') ? ['with --sinks'] : []),
    ...(using.includes('mask') ? [`with --mask-tensor ${offered.mask}`] : []),
    ...(layout == null ? [] : [`with --layout ${layout}`]),
    ...(causal === undefined ? [] : [causal ? 'with --causal' : 'without --causal']),
  ].join(' and ');
}
