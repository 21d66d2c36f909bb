/** The mutation suite tells a wrong kernel that is caught from one without an occasion, and from one that is missed, by what ran. */

import { expect, it } from 'vitest';
import type { WorkTileCall } from '../../kernels/scalar/call.ts';
import { runScalarFlash, scalarFlash } from '../../kernels/scalar/flash.ts';
import type { Setting } from '../../scripts/mutants/mutant.ts';
import { runMutant } from '../../scripts/mutants/run.ts';
import { workload } from '../workloads.ts';

const W = workload({ queryHeads: 2, kvHeads: 1, headDim: 16, seqQuery: 300, mask: 'causal' });
const setting = (full: boolean): Setting => ({
  ...{ name: 'small', full, budgetSeconds: 0.01 },
  workload: full ? W : { ...W, seqQuery: 2000, seqKv: 2000 },
});

/** What becomes of scalar-flash whose output is multiplied in the rows of a place. */
const run = (factor: number, where: (row: number) => boolean, full = true, allowed = {}) =>
  runMutant(
    {
      ...{ kernel: scalarFlash, right: scalarFlash, allowed },
      modules: {
        'scalar-flash': (call: WorkTileCall) => {
          runScalarFlash(call);
          for (let row = 0; row < call.rows; row += 1) {
            if (!where(call.firstRow + row)) continue;
            const from = call.oOffset + row * call.oStride;
            for (let d = from; d < from + call.headDim; d += 1) call.o[d] = (call.o[d] as number) * factor;
          }
        },
      },
    },
    setting(full),
  );

it('says what a run came to', async () => {
  expect(await run(1.01, (row) => row === 7)).toEqual({ state: 'caught', text: '2 of 600 rows wrong' });
  expect(await run(1.01, () => false)).toEqual({
    state: 'not met',
    text: '600 rows ran, as the right kernel writes them',
  });
  // Too little to be seen, but there: it is missed, unless rounding explains it.
  expect(await run(1 + 1e-6, (row) => row === 7)).toEqual({ state: 'missed', text: '2 of 600 rows differ' });
  expect(await run(1 + 1e-6, (row) => row === 7, true, { small: 'small' })).toMatchObject({ state: 'allowed' });
});

it('a slice does not depend on how fast the machine is, and a row that it leaves out is not met', async () => {
  let calls = 0;
  const slow = (row: number) => {
    calls += 1;
    // A machine that is a hundred times as slow in its first runs.
    const until = performance.now() + (calls < 5 ? 20 : 0);
    while (performance.now() < until);
    return row === 0;
  };
  const [first, second] = [await run(1.01, slow, false), await run(1.01, (row) => row === 0, false)];
  expect(first).toEqual(second);
  expect(first.state).toBe('not met');
});
