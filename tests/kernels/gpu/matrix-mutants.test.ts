/** Faults put into the text of wgsl-matrix on purpose: each of them must show in a case that subgroup-matrix.test.ts runs too. */

import { expect, it } from 'vitest';
import type { Kernel } from '../../../kernels/kernel.ts';
import { wgslMatrix } from '../../../kernels/wgsl/matrix.ts';
import type { Workload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { adversarialHalves } from '../adversarial.ts';
import { type Check, runKernel } from '../harness.ts';
import { describeOnGpu } from './software-gpu.ts';

interface Mutant {
  fault: string;
  /** What stands in the text, every occurrence of it, and what takes its place. */
  from: RegExp;
  to: string;
  w: Workload;
  check?: Check;
}

const half = (changes: Partial<Workload>) => workload({ ...changes, dtype: 'f16' });

/** An adversarial input by what its name holds. */
function input(name: RegExp): Pick<Mutant, 'w' | 'check'> {
  const found = adversarialHalves().find((one) => name.test(one.name));
  if (found === undefined) throw new RangeError(`no input is called ${name}`);
  return { w: found.workload, check: { data: found.data } };
}
const FULL = half({ seqQuery: 65 });
const CAUSAL = half({ seqQuery: 65, mask: 'causal' });

const MUTANTS: readonly Mutant[] = [
  {
    fault: 'the last block of keys is skipped',
    from: /let endKey = highKey\(lastRow\);/g,
    to: 'let endKey = highKey(lastRow) - i32(blockKeys);',
    w: FULL,
  },
  {
    fault: 'the diagonal is not masked',
    from: /let high(\d+) = highKey\(.*\);/g,
    to: 'let high$1 = i32(params.seqKv);',
    w: CAUSAL,
  },
  {
    fault: 'keys that the block before had count twice',
    from: / & \(\(?keys.* >= vec4i\(base\)\)/g,
    to: '',
    w: FULL,
  },
  {
    fault: 'the output is not rescaled',
    from: /(\*score\d+_\d+ = \*score\d+_\d+) \* rescale\d+;/g,
    to: '$1;',
    ...input(/every block rescales/),
  },
  {
    fault: 'the row sum is not rescaled',
    from: /(l\d+) \* rescale\d+ \+/g,
    to: '$1 +',
    ...input(/every block rescales/),
  },
  {
    fault: 'a block without a mask keeps a maximum that is far too small',
    from: /^( *)break;\n *}\n( *)l0 = l0 \+ sum0;/gm,
    to: '$1}\n$2l0 = l0 + sum0;',
    ...input(/every block rescales/),
  },
  {
    // Shows that blocks without a mask do run in their own loop.
    fault: 'a block without a mask adds nothing to the row sum',
    from: /l(\d+) = l\1 \+ sum\1;/g,
    to: '',
    w: FULL,
  },
];

await describeOnGpu('faults in wgsl-matrix', (host) => {
  it.for(MUTANTS)('show: $fault', { timeout: 600_000 }, async ({ from, to, w, check }, { skip }) => {
    const reason = wgslMatrix.unsupported(w, await host.environment());
    if (reason !== undefined) skip(reason);
    const faulty: Kernel = {
      ...wgslMatrix,
      build(...of) {
        const program = wgslMatrix.build(...of);
        if (program.kind !== 'wgsl') throw new TypeError('wgsl-matrix is WGSL');
        const passes = program.passes.map((pass) => ({ ...pass, code: pass.code.replace(from, to) }));
        expect(passes, 'the text has no such place').not.toEqual(program.passes);
        return { ...program, passes };
      },
    };
    const { maxRelativeError, tolerance } = await runKernel(host, faulty, w, check);
    expect(maxRelativeError).toBeGreaterThan(tolerance);
  });
});
