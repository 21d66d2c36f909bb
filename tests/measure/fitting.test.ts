/** From a program to a slice: how small slices get, what a small problem is, when a program is warm. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import type { WasmProgram } from '../../kernels/kernel.ts';
import { createHostPool } from '../../src/host/pool.ts';
import { fitSlice } from '../../src/measure/fit.ts';
import { createFitting } from '../../src/measure/fitting.ts';
import { createPreparedRun } from '../../src/measure/prepared-run.ts';
import { smallProblem, warmUp } from '../../src/measure/warm-up.ts';
import { flops } from '../../src/problem/flops.ts';
import { type Slice, sliceFlops, wholeSlice, workTileCount } from '../../src/problem/slice.ts';
import { workload } from '../workloads.ts';
import { mockTarget } from './targets.ts';

const LONG = workload({ seqQuery: 131072, headDim: 128, kvHeads: 16 });
const PROGRAM: WasmProgram = {
  ...{ kind: 'wasm', text: '(module)', blockRows: 576, splitRows: 96, keyMultiple: 16 },
  ...{ scratchBytes: 0, plainValues: true },
};

describe('the slice of a contender', () => {
  /** On so many threads, where slices may have so many FLOPs. */
  async function sliceOn(threads: number, w: typeof LONG, most: number): Promise<Slice> {
    const { environment } = await mockTarget('');
    const device = { ...environment.device, threads };
    const slice = fitSlice(PROGRAM, w, { ...environment, device }, { flops: 0 }, (work) => work <= most);
    if ('reason' in slice) throw new Error(slice.reason);
    return slice;
  }

  it('has eight work tiles a thread, and fewer where that is too much', async () => {
    const standard = await sliceOn(2, LONG, Number.POSITIVE_INFINITY);
    expect(workTileCount(LONG, standard)).toBe(16);
    const work = sliceFlops(LONG, standard);
    expect(workTileCount(LONG, await sliceOn(2, LONG, work / 2))).toBe(8);
    expect(workTileCount(LONG, await sliceOn(2, LONG, work / 4))).toBe(4);
    expect(workTileCount(LONG, await sliceOn(2, LONG, 0))).toBe(2);
  });

  it("has two a thread at least under a causal mask, whose mean cost is the whole workload's", async () => {
    const causal = { ...LONG, mask: 'causal' } as const;
    for (const threads of [2, 4, 16]) {
      const slice = await sliceOn(threads, causal, 0);
      expect(workTileCount(causal, slice)).toBe(2 * threads);
      const rows = slice.runs.reduce((sum, { count }) => sum + count, 0) * PROGRAM.blockRows;
      const mean = sliceFlops(causal, slice) / rows;
      expect(mean / (flops(causal) / 16 / causal.seqQuery)).toBeCloseTo(1, 1);
    }
  });
});

describe('fitting', () => {
  it('runs the whole of a decoding step that has the time, not the half that the first guess allowed', async () => {
    const w = workload({ seqQuery: 1, seqKv: 4096, queryHeads: 64, kvHeads: 8, headDim: 64 });
    const target = await mockTarget('rate=4e9');
    const program = findKernel('wasm-flash').build(w, target.environment);
    const prepared = createPreparedRun(w, target, createHostPool(), {
      ...{ data: { kind: 'none' }, wallClock: false, firstRate: flops(w) / 2 / 0.01 },
      signal: new AbortController().signal,
    });
    const fitting = createFitting(prepared, {
      ...{ program, workload: w, environment: target.environment, library: false, filled: false, full: false },
      ...{ wholeGroups: null, sampleSeconds: 0.1, shareSeconds: 60 },
    });
    expect(await fitting.fit()).toBe(null);
    expect(prepared.prepared?.slice).toEqual(wholeSlice(w, program.blockRows));
  });
});

describe('a small problem', () => {
  it('is the same shape with few keys, and a work tile for each thread', () => {
    const { workload: small, slice } = smallProblem({ ...LONG, mask: 'causal' }, PROGRAM, 4, false, 2048);
    expect(small).toMatchObject({ seqKv: 2048, headDim: 128, batch: 1, mask: 'full' });
    expect(workTileCount(small, slice)).toBe(4);
  });

  it('has more heads where a head has few queries', () => {
    const decoding = { ...LONG, seqQuery: 1, queryHeads: 32, kvHeads: 8 };
    const { workload: small, slice } = smallProblem(decoding, PROGRAM, 16, false, 2048);
    expect(small).toMatchObject({ seqQuery: 1, seqKv: 2048, kvHeads: 4, queryHeads: 16 });
    expect(workTileCount(small, slice)).toBe(16);
  });

  it("keeps the mask of other people's code", () => {
    const { workload: small } = smallProblem({ ...LONG, mask: 'causal' }, PROGRAM, 4, true, 2048);
    expect(small).toMatchObject({ mask: 'causal', seqQuery: 2048, seqKv: 2048 });
  });
});

describe('warming', () => {
  /** Runs that take so many seconds one after the other, the last for ever; how many of them warming takes. */
  async function runsOf(seconds: readonly number[], limit = 10): Promise<number> {
    const w = workload({ seqQuery: 64 });
    let runs = 0;
    const target = await mockTarget('rate=1e9', (host) => ({
      ...host,
      async run(id) {
        const sample = await host.run(id);
        runs += 1;
        return { ...sample, seconds: seconds[Math.min(runs, seconds.length) - 1] ?? 0 };
      },
    }));
    const options = { data: { kind: 'none' }, wallClock: false, firstRate: 1e9 } as const;
    const prepared = createPreparedRun(w, target, createHostPool(), {
      ...options,
      signal: new AbortController().signal,
    });
    const program = findKernel('scalar-flash').build(w, target.environment);
    await prepared.prepare(program, wholeSlice(w, program.blockRows));
    await warmUp(prepared, limit);
    return runs;
  }

  it('ends with two runs that agree within 3 %', async () => {
    expect(await runsOf([2, 0.5, 0.2, 0.201])).toBe(4);
    expect(await runsOf([0.5, 0.49])).toBe(2);
  });

  it('does not take slow code that is steady for warm', async () => {
    // A tenth of the speed, until the engine has compiled.
    expect(await runsOf([0.04, 0.04, 0.04, 0.004])).toBeGreaterThan(5);
  });

  it('keeps to its time, and ends where runs take none', async () => {
    expect(await runsOf([3, 2, 1], 4)).toBe(1);
    expect(await runsOf([1, 2, 1, 2], 4.5)).toBe(2);
    expect(await runsOf([1e-6, 2e-6])).toBeLessThanOrEqual(50);
  });
});
