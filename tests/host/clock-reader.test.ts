/** The clock of a core is read on a real WebAssembly host while another program lies there. */

import { describe, expect, it } from 'vitest';
import { wasmFlash } from '../../kernels/wasm/flash.ts';
import { nodeTarget } from '../../src/host/node/targets.ts';
import { createHostPool } from '../../src/host/pool.ts';
import { openClock } from '../../src/measure/clock-reader.ts';
import { sliceFlops, wholeSlice } from '../../src/problem/slice.ts';
import { mockTarget } from '../measure/targets.ts';
import { workload } from '../workloads.ts';

describe('openClock', () => {
  it('reads a clock between the runs of a kernel, which stays prepared', async () => {
    const webgpu = { adapter: null, allowSoftware: false, limits: {} };
    const target = await nodeTarget({ backend: 'wasm' }, { threads: 2, variant: 'simd', webgpu } as never);
    if (target.state !== 'open') throw new Error(target.reason);
    const pool = createHostPool();
    try {
      const { host } = await pool.acquire(target);
      const w = workload({ headDim: 64, seqQuery: 128 });
      const program = wasmFlash.build(w, target.environment);
      const slice = wholeSlice(w, program.blockRows);
      const { id } = await host.prepare({ program, workload: w, slice, data: { kind: 'normal', seed: 1 } });
      const clock = await openClock(target, pool);
      // Whole passes, one or more.
      const passes = async () => (await host.run(id)).flops / sliceFlops(w, slice);
      expect(await passes()).toBeGreaterThanOrEqual(1);
      // Any core that runs this has between a tenth of a gigahertz and ten.
      const hertz = (await clock?.read()) ?? Number.NaN;
      expect(hertz).toBeGreaterThan(1e8);
      expect(hertz).toBeLessThan(1e10);
      expect((await passes()) % 1).toBe(0);
      await clock?.close();
      await expect(clock?.read()).rejects.toThrow();
    } finally {
      await pool.close();
    }
  });

  it('is null on hosts that have no WebAssembly of ours', async () => {
    expect(await openClock(await mockTarget('rate=1e9'), createHostPool())).toBeNull();
  });
});
