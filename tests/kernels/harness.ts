/** Runs a kernel on a host and compares every row of its output with the oracle. */

import type { Kernel } from '../../kernels/kernel.ts';
import type { Host } from '../../src/host/contract.ts';
import { compareRows, oracle, type Verification } from '../../src/host/oracle.ts';
import type { Data } from '../../src/problem/data.ts';
import { type RowAddress, type Slice, wholeSlice } from '../../src/problem/slice.ts';
import type { Workload } from '../../src/problem/workload.ts';

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
    return { ...compareRows(w, oracle(w, data, rows), outputs), outputs };
  } finally {
    await host.dispose(id);
  }
}
