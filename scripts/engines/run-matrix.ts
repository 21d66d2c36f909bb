/** Runs the WGSL kernels on an adapter: small shapes, every output row against the oracle. */

import type { Kernel } from '../../kernels/kernel.ts';
import { compareRows, roundingOf } from '../../src/host/comparison.ts';
import type { Host } from '../../src/host/contract.ts';
import { type ChildHost, spawnHost } from '../../src/host/node/spawn.ts';
import { oracle } from '../../src/host/oracle.ts';
import { watched } from '../../src/host/watchdog.ts';
import { messageOf, wrongResult } from '../../src/messages.ts';
import { wholeSlice } from '../../src/problem/slice.ts';
import { describe, type Workload } from '../../src/problem/workload.ts';

const shape = (changes: Partial<Workload>): Workload => {
  const headDim = changes.headDim ?? 32;
  const base = { batch: 1, queryHeads: 1, kvHeads: 1, headDim, seqQuery: 41, seqKv: 41, mask: 'full' } as const;
  return { ...base, window: null, dtype: 'f32', scale: 1 / Math.sqrt(headDim), ...changes };
};
/** Ragged, causal with a group, a window, decoding, in f32 and in halves: a software adapter compiles each program for seconds. */
const SHAPES: readonly Workload[] = [
  shape({ seqQuery: 71, seqKv: 83 }),
  shape({ mask: 'causal', seqQuery: 90, seqKv: 90, window: 40 }),
  shape({ mask: 'causal', queryHeads: 4, kvHeads: 2, dtype: 'f16' }),
  shape({ seqQuery: 1, seqKv: 300, queryHeads: 2, kvHeads: 2 }),
  shape({ headDim: 64, seqQuery: 70, seqKv: 70, mask: 'causal' }),
  // Rows that begin anywhere, v of its own.
  shape({ headDim: 21, headDimV: 8, seqQuery: 70, seqKv: 70, dtype: 'f16' }),
];
/** The largest run is some 2 MFLOP. */
const RUN_LIMIT_S = 120;
const DATA = { kind: 'normal', seed: 3 } as const;

/** What a kernel did on an adapter. */
export interface MatrixResult {
  right: number;
  /** Shapes that it says it cannot run there, with the reason of the first. */
  skipped: number;
  reason: string | undefined;
  /** Results that were wrong, and errors, a line each. */
  failures: string[];
}

/** An adapter with what each kernel did on it. */
export interface AdapterResult {
  adapter: string;
  kernels: Map<string, MatrixResult>;
}

/** Runs every kernel on the adapter that a child with these variables finds; one that crashes is opened again. */
export async function runMatrix(kernels: readonly Kernel[], env: Record<string, string>): Promise<AdapterResult> {
  const options = { adapter: null, allowSoftware: true, limits: {} };
  const open = () => spawnHost({ role: { backend: 'webgpu', options, untimed: true }, flags: [], env });
  let child: ChildHost = await open();
  const adapter = (await child.environment()).device.name;
  const results = new Map<string, MatrixResult>();
  for (const kernel of kernels) {
    process.stderr.write(`  ${kernel.name} on ${adapter}\n`);
    const result: MatrixResult = { right: 0, skipped: 0, reason: undefined, failures: [] };
    for (const w of SHAPES) {
      try {
        const fault = await runOne(
          watched(child, () => RUN_LIMIT_S),
          kernel,
          w,
        );
        if (fault === null) result.right += 1;
        else if ('skipped' in fault) {
          result.skipped += 1;
          result.reason ??= fault.skipped;
        } else result.failures.push(`${describe(w)}: ${fault.wrong}`);
      } catch (error) {
        result.failures.push(`${describe(w)}: ${messageOf(error)}`);
        await child.close();
        child = await open();
      }
    }
    results.set(kernel.name, result);
  }
  await child.close();
  return { adapter, kernels: results };
}

/** Null where every row is right. */
async function runOne(
  host: Host,
  kernel: Kernel,
  w: Workload,
): Promise<{ skipped: string } | { wrong: string } | null> {
  const environment = await host.environment();
  const skipped = kernel.unsupported(w, environment);
  if (skipped !== undefined) return { skipped };
  const program = kernel.build(w, environment);
  const { id } = await host.prepare({ program, workload: w, slice: wholeSlice(w, program.blockRows), data: DATA });
  await host.run(id);
  const rows = Array.from({ length: w.queryHeads * w.seqQuery }, (_, index) => ({
    batch: 0,
    queryHead: Math.floor(index / w.seqQuery),
    row: index % w.seqQuery,
  }));
  const outputs = await host.read(id, rows);
  const { maxRelativeError, tolerance } = compareRows(w, oracle(w, DATA, rows), outputs, {
    rounding: roundingOf(w, program),
  });
  await host.dispose(id);
  return maxRelativeError <= tolerance ? null : { wrong: wrongResult(maxRelativeError, tolerance) };
}
