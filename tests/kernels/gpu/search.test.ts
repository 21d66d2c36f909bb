/** A search among kernels on an adapter that is there: what does not compile or gives a wrong result is told, and loses no other. */

import { afterAll, expect, it } from 'vitest';
import type { Kernel, Program } from '../../../kernels/kernel.ts';
import { wgslFlash } from '../../../kernels/wgsl/flash.ts';
import { createHostPool } from '../../../src/host/pool.ts';
import { type OpenTarget, openTarget } from '../../../src/host/target.ts';
import { comparisonsOn } from '../../../src/measure/paired-comparison.ts';
import { continueSearch } from '../../../src/measure/search.ts';
import { candidateOf, type Search } from '../../../src/measure/search-record.ts';
import { workload } from '../../workloads.ts';
import { SMALL } from '../small-configuration.ts';
import { describeOnGpu } from './software-gpu.ts';

const W = workload({ headDim: 32, seqQuery: 64, queryHeads: 1, kvHeads: 1 });

/** wgsl-flash, small as it is shipped, with its text changed. */
function kernelOf(name: string, change: (code: string) => string): Kernel {
  const { tunable } = wgslFlash;
  if (tunable === undefined) throw new Error('wgsl-flash has configurations');
  const changed = (program: Program): Program => {
    if (program.kind !== 'wgsl') throw new TypeError('wgsl-flash is WGSL');
    return { ...program, passes: program.passes.map((pass) => ({ ...pass, code: change(pass.code) })) };
  };
  const build: typeof tunable.build = (configuration, w, device) => changed(tunable.build(configuration, w, device));
  return { ...wgslFlash, name, tunable: { ...tunable, build }, build: (w, device) => build(SMALL, w, device) };
}

const right = kernelOf('right', (code) => code);
const broken = kernelOf('broken', (code) => `${code}\nfn broken( {`);
const wrong = kernelOf('wrong', (code) => code.replaceAll('params.scale', '(params.scale * 0.5)'));

await describeOnGpu('a search on this adapter', (host) => {
  const pool = createHostPool();
  afterAll(() => pool.close());
  const never = new AbortController().signal;

  async function target(): Promise<OpenTarget> {
    // The adapter's host outlives the pool.
    const open = await openTarget({ host: 'node', open: async () => ({ ...host, close: async () => {} }) });
    if (open.state === 'unavailable') throw new Error(open.reason);
    return open;
  }

  it('says which default gives no right result', async () => {
    const { problem } = comparisonsOn(W, await target(), pool, never);
    expect(await problem(broken)).toMatch(/^failed, .*broken\(/s);
    expect(await problem(wrong)).toMatch(/^failed, wrong result/);
    expect(await problem(right)).toBeUndefined();
  });

  it('compares the candidates that run and keeps why others do not', async () => {
    const kernels = [right, broken, wrong];
    const search: Search = {
      ...{ kernel: right.name, device: 'any', variant: null, headDim: 32, mask: 'full', dtype: 'f32' },
      ...{ shipped: SMALL, candidates: [{ ...SMALL, unroll: 2 }], pruned: [], unsupported: [], trials: [] },
      alternatives: [broken, wrong].map(({ name }) => ({ kernel: name, shipped: SMALL, candidates: [] })),
    };
    const compare = comparisonsOn(W, await target(), pool, never).against(right, kernels);
    await continueSearch(search, compare, { spent: () => 0, signal: never, onTrial: () => {} });
    const found = search.trials.map((trial) => {
      const { kernel } = candidateOf(search, trial);
      return [trial.rung, kernel, trial.rounds, trial.ratio === null ? trial.message : 'a ratio'];
    });
    expect(found).toEqual([
      [0, 'broken', 0, expect.stringContaining('broken(')],
      [0, 'wrong', 0, expect.stringContaining('wrong result')],
      [0, 'right', 2, 'a ratio'],
      [1, 'right', 4, 'a ratio'],
      [2, 'right', 10, 'a ratio'],
    ]);
    expect(search.trials.at(-1)?.low).toBeGreaterThan(0);
  });
});
