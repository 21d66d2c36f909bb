/** Rows far from the start of a sequence, in runs after the first: every row of every CPU kernel, by the verification of a run. */

import { expect, it } from 'vitest';
import { KERNELS } from '../../../kernels/index.ts';
import { createScalarHost } from '../../../src/host/cpu/scalar-host.ts';
import { WASM_VARIANTS } from '../../../src/host/cpu/wasm-variants.ts';
import { revectorizeFlag } from '../../../src/host/node/flags.ts';
import { spawnWasm } from '../../../src/host/node/wasm-children.ts';
import { createHostPool } from '../../../src/host/pool.ts';
import { openTarget } from '../../../src/host/target.ts';
import { caseEnd, measureCase } from '../../../src/measure/case.ts';
import { workload } from '../../workloads.ts';

/** Longer than the 4k of the default shapes, and no multiple of any block. */
const LONG = workload({ headDim: 16, seqQuery: 4211, mask: 'causal' });

const variants = WASM_VARIANTS.filter((variant) => variant !== 'simd256' || revectorizeFlag() !== undefined);
const SCALAR = {
  backend: 'scalar',
  name: 'scalar',
  open: async () => ({ ...createScalarHost('this CPU', 2 ** 33), kill: () => {} }),
};
const TARGETS = [
  SCALAR,
  ...variants.map((variant) => ({ backend: 'wasm', name: `wasm ${variant}`, open: () => spawnWasm(variant, 2) })),
];
const CASES = TARGETS.flatMap(({ backend, name, open }) =>
  KERNELS.filter((kernel) => kernel.library === undefined && kernel.backend === backend).map((kernel) => ({
    kernel,
    name,
    open,
  })),
);

it.each(CASES)('$kernel.name on $name', async ({ kernel, open }) => {
  const pool = createHostPool();
  try {
    const { measurements } = await caseEnd(
      measureCase(LONG, [{ kernel, target: await openTarget({ host: 'node', open }) }], pool, {
        ...{ data: { kind: 'drawn', seed: 1 }, seed: 1, full: true, budgetSeconds: 0.1, samples: 2, baseline: null },
        ...{ signal: new AbortController().signal, devices: new Map(), firstRound: 0 },
      }),
    );
    expect(measurements[0]).toMatchObject({ state: 'measured', verification: { everyRow: { rows: LONG.seqQuery } } });
  } finally {
    await pool.close();
  }
});
