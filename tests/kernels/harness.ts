/** Runs a kernel on a host and compares rows of its output with the oracle; and the matrix of tests that every kernel has to pass. */

import { expect, it } from 'vitest';
import type { DeviceProfile } from '../../kernels/device.ts';
import type { Configuration, Kernel } from '../../kernels/kernel.ts';
import { compareRows, roundingOf, type Verification } from '../../src/host/comparison.ts';
import type { Host } from '../../src/host/contract.ts';
import { oracle } from '../../src/host/oracle.ts';
import type { Data } from '../../src/problem/data.ts';
import { type RowAddress, type Slice, wholeSlice } from '../../src/problem/slice.ts';
import { describe as describeWorkload, groupSize, type Workload } from '../../src/problem/workload.ts';
import type { AdversarialCase } from './adversarial.ts';

/** Every row of a workload. */
export function allRows(w: Workload): RowAddress[] {
  const rows: RowAddress[] = [];
  for (let batch = 0; batch < w.batch; batch += 1) {
    for (let queryHead = 0; queryHead < w.queryHeads; queryHead += 1) {
      for (let row = 0; row < w.seqQuery; row += 1) rows.push({ batch, queryHead, row });
    }
  }
  return rows;
}

/** What a check changes: other values than normal ones, a part of the work, some of the rows. */
export interface Check {
  data?: Data;
  slice?: (blockRows: number) => Slice;
  rows?: RowAddress[];
}

/** The outputs of a kernel for the rows asked for (all of them by default) and how far they are from the oracle. */
export async function runKernel(
  host: Host,
  kernel: Kernel,
  w: Workload,
  check: Check = {},
): Promise<Verification & { outputs: Float32Array[] }> {
  const device = await host.environment();
  const unsupported = kernel.unsupported(w, device);
  if (unsupported !== undefined) throw new Error(unsupported);
  const program = kernel.build(w, device);
  const data = check.data ?? { kind: 'normal', seed: 3 };
  const slice = check.slice?.(program.blockRows) ?? wholeSlice(w, program.blockRows);
  const { id } = await host.prepare({ program, workload: w, slice, data });
  try {
    await host.run(id);
    const rows = check.rows ?? allRows(w);
    const outputs = await host.read(id, rows);
    return { ...compareRows(w, oracle(w, data, rows), outputs, { rounding: roundingOf(w, program) }), outputs };
  } finally {
    await host.dispose(id);
  }
}

/** A kernel in another configuration than the shipped one: fields that are not given are those shipped for `device`, by default the host's. */
export function configured(kernel: Kernel, changes: Configuration, device?: DeviceProfile): Kernel {
  const { tunable } = kernel;
  if (tunable === undefined) throw new RangeError(`${kernel.name} has no configurations`);
  const configuration = (w: Workload, own: DeviceProfile) => ({ ...tunable.shipped(w, device ?? own), ...changes });
  return {
    ...kernel,
    unsupported: (w, own) => tunable.problem(configuration(w, own), w, own),
    build: (w, own) => tunable.build(configuration(w, own), w, own),
  };
}

/** Declares a test for every shape: each row of the kernel's output against the oracle. `host` is asked when a test runs. */
export function testShapes(kernel: Kernel, host: () => Host, shapes: readonly Workload[]): void {
  it.each(shapes.map((w) => ({ name: describeWorkload(w), w })))('$name', async ({ w }) => {
    expect(await runKernel(host(), kernel, w)).toMatchOracle();
  });
}

/** Declares a test for every adversarial input. */
export function testInputs(kernel: Kernel, host: () => Host, inputs: readonly AdversarialCase[]): void {
  it.each(inputs)('$workload.dtype: $name', async ({ workload: w, data, heads }) => {
    const rows = allRows(w).filter(({ queryHead }) => heads?.includes(queryHead) ?? true);
    expect(await runKernel(host(), kernel, w, { data, rows })).toMatchOracle();
  });
}

/** Declares a test that two blocks of rows of one KV head, run alone, have the bits that they have in the whole. */
export function testSlice(kernel: Kernel, host: () => Host, shape: Workload, what = 'causal'): void {
  it(`gives a slice the results of the whole, ${what}`, async () => {
    const { blockRows } = kernel.build(shape, await host().environment());
    const seqQuery = 4 * blockRows + 3;
    const w = { ...shape, seqQuery, seqKv: seqQuery };
    const blocks = [1, 3];
    const heads = groupSize(w) === 1 ? [0] : [0, 1];
    const rows = blocks.flatMap((block) => heads.map((queryHead) => ({ batch: 0, queryHead, row: block * blockRows })));
    const { outputs: part } = await runKernel(host(), kernel, w, {
      rows,
      slice: () => ({ batches: 1, kvHeads: 1, blockRows, runs: blocks.map((start) => ({ start, count: 1 })) }),
    });
    expect(part).toEqual((await runKernel(host(), kernel, w, { rows })).outputs);
  });
}
