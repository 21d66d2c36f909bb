/** The work of bench verify: every row of the output, not a sample of them. */

import { readFileSync } from 'node:fs';
import { findKernel } from '../../../kernels/index.ts';
import { compareRows, oracle, type Verification as RowComparison } from '../../host/oracle.ts';
import { createHostPool } from '../../host/pool.ts';
import { badSafetensors, headDimUnsupported, messageOf, UsageError } from '../../messages.ts';
import type { Data } from '../../problem/data.ts';
import { readSafetensors, SafetensorsError, type Tensor, writeSafetensors } from '../../problem/safetensors.ts';
import { type RowAddress, wholeSlice } from '../../problem/slice.ts';
import { describe, type Workload } from '../../problem/workload.ts';
import { checkWritable, orUnreadable, writeInto } from '../../record/files.ts';
import type { TargetOptions } from '../options/device.ts';
import { openTargets } from '../targets/open-targets.ts';

/** What bench verify was asked for. */
export interface VerifyOptions {
  tensors: string;
  causal: boolean;
  window: number | null;
  scale: number | null;
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
    const { host } = await pool.acquire(target);
    const { id } = await host.prepare({ program, workload: w, slice: wholeSlice(w, program.blockRows), data });
    await host.run(id);
    const rows = allRows(w);
    const outputs = await host.read(id, rows);
    if (options.output !== null) writeInto(options.output, writeSafetensors({ o: joinRows(w, outputs) }));
    const own = compareRows(w, oracle(w, data, rows), outputs);
    const file = expected === undefined ? null : compareWithFile(w, expected, outputs, own.tolerance);
    const right = own.maxRelativeError <= own.tolerance && (file === null || file.maxRelativeError <= file.tolerance);
    const result = {
      kernel: kernel.name,
      device: environment.device.name,
      workload: w,
      agrees: right,
      oracle: own,
      file,
    };
    process.stdout.write(options.format === 'json' ? `${JSON.stringify(result, null, 2)}\n` : formatResult(result));
    return right ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${kernel.name}, ${describe(w)}: ${messageOf(error)}\n`);
    return 1;
  } finally {
    await pool.close();
    await close();
  }
}

function formatResult(result: {
  kernel: string;
  device: string;
  workload: Workload;
  agrees: boolean;
  oracle: RowComparison;
  file: RowComparison | null;
}): string {
  const line = (name: string, c: RowComparison) =>
    `  against ${name}: largest error ${c.maxAbsoluteError.toExponential(2)}, relative to its row ${c.maxRelativeError.toExponential(2)}, tolerance ${c.tolerance.toExponential(2)}, ${c.rows} rows\n`;
  const verdict = result.agrees ? 'agrees' : 'DISAGREES';
  return `${result.kernel} on ${result.device}, ${describe(result.workload)}: ${verdict}\n${line('the float64 oracle', result.oracle)}${result.file === null ? '' : line("the file's o", result.file)}`;
}

/** Reads the file and the problem in it. Throws UsageError with one line where either cannot be used. */
function loadProblem(options: VerifyOptions): { workload: Workload; data: Data; expected: Tensor | undefined } {
  const { tensors: path } = options;
  const bytes = orUnreadable(path, () => new Uint8Array(readFileSync(path)));
  try {
    const found = readSafetensors(bytes, ['q', 'k', 'v', 'o']);
    const [q, k, v] = ['q', 'k', 'v'].map((name) => {
      const tensor = found.get(name);
      if (tensor === undefined) throw new SafetensorsError(`it has no tensor '${name}'`);
      if (tensor.shape.length !== 4 || tensor.shape.includes(0)) {
        throw new SafetensorsError(
          `tensor '${name}' has shape [${tensor.shape.join(', ')}]; [batch, seq, heads, headDim] is needed`,
        );
      }
      return tensor;
    }) as [Tensor, Tensor, Tensor];
    const expected = found.get('o');
    const workload = readWorkload(q, k, v, expected, options);
    return { workload, data: { kind: 'values', q: q.values, k: k.values, v: v.values }, expected };
  } catch (error) {
    if (error instanceof SafetensorsError) throw new UsageError(badSafetensors(path, error.message));
    throw error;
  }
}

function readWorkload(q: Tensor, k: Tensor, v: Tensor, o: Tensor | undefined, options: VerifyOptions): Workload {
  const [batch = 0, seqQuery = 0, queryHeads = 0, headDim = 0] = q.shape;
  const [, seqKv = 0, kvHeads = 0] = k.shape;
  const same = (name: string, tensor: Tensor, shape: number[]) => {
    if (shape.some((size, i) => size !== tensor.shape[i])) {
      throw new SafetensorsError(
        `tensor '${name}' has shape [${tensor.shape.join(', ')}]; [${shape.join(', ')}] fits the others`,
      );
    }
  };
  same('k', k, [batch, seqKv, kvHeads, headDim]);
  same('v', v, k.shape);
  if (o !== undefined) same('o', o, q.shape);
  if (queryHeads % kvHeads !== 0)
    throw new SafetensorsError(`${queryHeads} query heads cannot share ${kvHeads} KV heads`);
  if (headDim % 16 !== 0 || headDim < 32 || headDim > 256) throw new SafetensorsError(headDimUnsupported(headDim));
  const mask = options.causal ? 'causal' : 'full';
  const scale = options.scale ?? 1 / Math.sqrt(headDim);
  return { batch, queryHeads, kvHeads, headDim, seqQuery, seqKv, mask, window: options.window, dtype: 'f32', scale };
}

/** Every output row in the order of memory: batch, row, head. */
function allRows(w: Workload): RowAddress[] {
  return Array.from({ length: w.batch * w.seqQuery * w.queryHeads }, (_, index) => ({
    batch: Math.floor(index / (w.seqQuery * w.queryHeads)),
    row: Math.floor(index / w.queryHeads) % w.seqQuery,
    queryHead: index % w.queryHeads,
  }));
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
  }));
  // A rounded value errs by half a step of its own size; the largest of a row is some 4 times the row's size.
  return { ...compareRows(w, references, outputs), tolerance: 2 * tolerance + 4 * ROUNDING[o.dtype] };
}
