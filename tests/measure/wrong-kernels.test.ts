/** Wrong kernels in the measuring loop: the run itself finds them, row by row, in whole runs and in slices. */

import { expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import type { WorkTileCall } from '../../kernels/scalar/call.ts';
import { runScalarFlash } from '../../kernels/scalar/flash.ts';
import { createScalarHost } from '../../src/host/cpu/scalar-host.ts';
import { createHostPool } from '../../src/host/pool.ts';
import { openTarget } from '../../src/host/target.ts';
import { type CaseOptions, caseEnd, measureCase } from '../../src/measure/case.ts';
import type { Workload } from '../../src/problem/workload.ts';
import { workload } from '../workloads.ts';

/** Runs scalar-flash, changed, as a run does; the message that it failed with, or null. */
async function run(
  w: Workload,
  wrong: (call: WorkTileCall) => void,
  full = true,
  options: Pick<CaseOptions, 'budgetSeconds' | 'samples' | 'processes'> = { budgetSeconds: 0.2, samples: 2 },
): Promise<string | null> {
  const target = await openTarget({
    host: 'node',
    open: async () => ({ ...createScalarHost('wrong', 2 ** 32, { 'scalar-flash': wrong }), kill: () => {} }),
  });
  const pool = createHostPool();
  try {
    const contender = { kernel: findKernel('scalar-flash'), target };
    const { measurements } = await caseEnd(
      measureCase(w, [contender], pool, {
        ...{ data: { kind: 'drawn', seed: 1 }, seed: 1, full, ...options, baseline: null },
        ...{ signal: new AbortController().signal, devices: new Map(), firstRound: 0 },
      }),
    );
    const [m] = measurements;
    if (m?.state === 'measured') expect(m.verification.everyRow?.rows).toBeGreaterThan(0);
    else if (m?.state !== 'failed') throw new Error('neither measured nor failed');
    return m.state === 'failed' ? m.message : null;
  } finally {
    await pool.close();
  }
}

/** Scales the output of the rows that it is asked about. */
const scaled =
  (factor: number, where: (row: number, call: WorkTileCall) => boolean) =>
  (call: WorkTileCall): void => {
    runScalarFlash(call);
    for (let row = 0; row < call.rows; row += 1) {
      if (!where(call.firstRow + row, call)) continue;
      const from = call.qOffset + row * call.qStride;
      for (let d = from; d < from + call.headDim; d += 1) call.o[d] = (call.o[d] as number) * factor;
    }
  };
const headOf = (call: WorkTileCall) => (call.qOffset % call.qStride) / call.headDim;

const W = workload({ queryHeads: 4, kvHeads: 2, headDim: 32, seqQuery: 200 });
const CAUSAL: Workload = { ...W, mask: 'causal' };

it('a right one is measured, and every row of it compared', async () => {
  expect(await run(CAUSAL, runScalarFlash)).toBeNull();
  expect(await run(W, runScalarFlash, false)).toBeNull();
});

it.each<[string, (call: WorkTileCall) => void, Workload]>([
  ['one row of one head by 1 %', scaled(1.01, (row, call) => row === 77 && headOf(call) === 2), CAUSAL],
  ['one row zero', scaled(0, (row, call) => row === 131 && headOf(call) === 1), W],
  ['rows 100 to 109 by 1 %', scaled(0.99, (row) => row >= 100 && row < 110), W],
  ['the last head by 1 %', scaled(1.01, (_, call) => headOf(call) === 3), CAUSAL],
  ['all by 1e-4', scaled(1.0001, () => true), W],
  ['the last key unseen', (call) => runScalarFlash({ ...call, seqKv: call.seqKv - 1 }), W],
  ['values of another key', (call) => runScalarFlash({ ...call, v: call.v.subarray(call.kStride) }), CAUSAL],
])('%s', async (_, wrong, w) => {
  expect(await run(w, wrong)).toMatch(/^wrong result: \d+ of the 800 rows that ran, row \d+ of query head/);
});

it('a row of one element that is off is found by the sums, though the oracle is not asked about it', async () => {
  const wrong = (call: WorkTileCall) => {
    runScalarFlash(call);
    if (call.firstRow <= 50 && call.firstRow + call.rows > 50) {
      const at = call.qOffset + (50 - call.firstRow) * call.qStride + 7;
      call.o[at] = (call.o[at] as number) + 0.05;
    }
  };
  expect(await run(W, wrong)).toMatch(/row 50 of query head 0 in batch 0 first/);
});

it('one that works in its first run only', async () => {
  const done = new Set<string>();
  const stale = (call: WorkTileCall) => {
    const name = `${call.qOffset} ${call.o.length}`;
    if (!done.has(name)) runScalarFlash(call);
    done.add(name);
  };
  expect(await run(W, stale)).toMatch(/^a run wrote nothing into 800 of its 800 output rows/);
});

it('the same where there is time for one sample, which is the first run of its slice', async () => {
  const runs = new WeakMap<Float32Array, Set<number>>();
  const stale = (call: WorkTileCall) => {
    const done = runs.get(call.o) ?? new Set();
    runs.set(call.o, done);
    if (!done.has(call.qOffset)) runScalarFlash(call);
    done.add(call.qOffset);
  };
  const long = workload({ headDim: 32, seqQuery: 1500 });
  const once = { budgetSeconds: 0.001, samples: null };
  expect(await run(long, runScalarFlash, true, once)).toBeNull();
  expect(await run(long, stale, true, once)).toMatch(/^a run wrote nothing into \d+ of its \d+ output rows/);
});

it('one that leaves rows out in its third process only, whose failures of other kinds would cost it that process', async () => {
  const outputs = new Map<Float32Array, Set<number>>();
  const lazy = (call: WorkTileCall) => {
    const done = outputs.get(call.o) ?? new Set();
    outputs.set(call.o, done);
    if (outputs.size < 3 || !done.has(call.qOffset)) runScalarFlash(call);
    done.add(call.qOffset);
  };
  const message = await run(W, lazy, true, { budgetSeconds: 0.2, samples: 6, processes: 3 });
  expect(outputs.size).toBe(3);
  expect(message).toMatch(/^a run wrote nothing into 800 of its 800 output rows/);
});

it.each([1, 2, 3])('one that is wrong in process %i of three only', async (process) => {
  const outputs = new Set<Float32Array>();
  const wrong = scaled(1.01, (row) => outputs.size === process && row === 77);
  const message = await run(
    W,
    (call) => {
      outputs.add(call.o);
      wrong(call);
    },
    true,
    { budgetSeconds: 0.2, samples: 6, processes: 3 },
  );
  expect(outputs.size).toBe(3);
  expect(message).toMatch(/^wrong result: 4 of the 800 rows that ran, row 77 of query head 0/);
});

it('one that leaves a block of rows to the run before', async () => {
  let calls = 0;
  const lazy = (call: WorkTileCall) => {
    calls += 1;
    if (calls % 53 !== 0) runScalarFlash(call);
  };
  expect(await run(W, lazy)).toMatch(/^a run wrote nothing into \d+ of its 800 output rows/);
});
