/** Numbers that cannot be: each is named, and none of them is a rate. */

import { expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import { type Contender, createHostPool } from '../../src/host/pool.ts';
import { caseEnd, measureCase } from '../../src/measure/case.ts';
import { measureRun } from '../../src/measure/run.ts';
import type { Measurement } from '../../src/record/measurement.ts';
import { workload } from '../workloads.ts';
import { contendersOn, mockTarget } from './targets.ts';

const signal = new AbortController().signal;
const W = workload({ seqQuery: 64, queryHeads: 2, kvHeads: 2 });

async function measured(contenders: readonly Contender[]): Promise<Measurement | undefined> {
  const { measurements } = await caseEnd(
    measureCase(W, contenders, createHostPool(), {
      ...{ data: { kind: 'drawn', seed: 1 }, seed: 1, full: false, budgetSeconds: 5, samples: 8, baseline: null },
      ...{ signal, devices: new Map(), firstRound: 0 },
    }),
  );
  return measurements[0];
}

it('a clock that stands gives no rate', async () => {
  const m = await measured(contendersOn(await mockTarget('rate=1e9,scalar=stopped')));
  expect(m?.state === 'failed' && m.message).toMatch(/^a run took 0 s by its clock/);
});

it('a clock that is set back gives no rate', async () => {
  const target = await mockTarget('rate=1e9', (host) => ({
    ...host,
    run: async (id) => ({ ...(await host.run(id)), seconds: -1 }),
  }));
  const m = await measured(contendersOn(target));
  expect(m?.state === 'failed' && m.message).toMatch(/^a run took -1 s by its clock/);
});

it('a rate far above the limit beside it fails; one a little above is kept', async () => {
  const beside = async (mock: string, flopsAlone?: number) => {
    const target = await mockTarget(mock);
    const ceiling = { kernel: findKernel('scalar-naive'), target, ceiling: true, flopsAlone };
    return measured([{ kernel: findKernel('scalar-flash'), target }, ceiling]);
  };
  const fast = await beside('rate=1e9,scalar=beyond', 1e9);
  expect(fast?.state === 'failed' && fast.message).toMatch(/^its rate, 3.00 GFLOPS, is 3.0 times the limit/);
  // By itself the limit reaches as much, or nobody knows whether it does more than start here.
  for (const flopsAlone of [2e9, undefined]) {
    const starting = await beside('rate=1e9,scalar=beyond', flopsAlone);
    expect(starting?.state === 'measured' && starting.ceiling?.share).toBeCloseTo(3, 6);
  }
  const tiny = await beside('rate=1e9,scalar=beyond', 1e10);
  expect(tiny?.state === 'measured' && tiny.ceiling).toBeUndefined();
  const right = await beside('rate=1e9');
  expect(right?.state === 'measured' && right.ceiling?.share).toBeCloseTo(1, 6);
});

it('a rate that rises with the work is said', async () => {
  const notices = async (mock: string) => {
    const [contender] = contendersOn(await mockTarget(mock)) as [Contender];
    const cases = [64, 128].map((seqQuery) => ({
      workload: workload({ seqQuery, queryHeads: 2, kvHeads: 2 }),
      threads: null,
    }));
    const found: string[] = [];
    const run = measureRun({
      ...{ cases, targets: [contender.target], contendersOf: () => [contender], ceilingsOf: async () => [] },
      ...{ budgetSeconds: 2, samples: 6, full: true, seed: 1, baseline: null, signal },
    });
    for await (const event of run) if (event.kind === 'notice') found.push(event.text);
    return found;
  };
  expect(await notices('rate=1e9')).toEqual([]);
  const constant = await notices('rate=1e9,scalar=constant');
  expect(constant).toHaveLength(1);
  expect(constant[0]).toMatch(/^scalar-flash took no more time for 128 full, 2 heads, d 32 than for 64 full/);
});
