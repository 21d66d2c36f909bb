/** What of a record is measured again: cases with a figure, their threads, variant and hosts. */

import { describe, expect, it } from 'vitest';
import { recordedCases } from '../../src/compare/reproduction.ts';
import { measured, runOf, skipped } from '../runs.ts';

const testCase = (threads: number | null, changes: object = {}) => ({
  ...measured({ seqQuery: 512 }),
  threads,
  ...changes,
});

describe('recordedCases', () => {
  it('takes a workload once for each thread count that its kernels ran with', () => {
    const run = runOf([
      testCase(2),
      testCase(1, { kernel: 'scalar-flash', backend: 'scalar' }),
      testCase(1),
      testCase(4, { workload: measured({ seqQuery: 64 }).workload }),
    ]);
    const { cases, kernels } = recordedCases(run, 8);
    expect(cases.map(({ workload, threads }) => [workload.seqQuery, threads])).toEqual([
      [512, 2],
      [512, 1],
      [64, 4],
    ]);
    expect(kernels.map(({ name }) => name)).toEqual(['wasm-flash', 'scalar-flash']);
    // A machine with fewer cores takes all that it has, and does not measure a workload twice for that.
    expect(recordedCases(run, 1).cases.map(({ threads }) => threads)).toEqual([1, 1]);
  });

  it('leaves threads open where no kernel of the workload chooses them', () => {
    const run = runOf([testCase(null, { kernel: 'wgsl-flash', backend: 'webgpu' })]);
    expect(recordedCases(run, 8).cases.map(({ threads }) => threads)).toEqual([null]);
  });

  it('holds the threads of machine code, and its variant where no WebAssembly ran', () => {
    const native = testCase(1, { kernel: 'x64-flash', backend: 'native', variant: 'avx2' });
    const { cases, variant } = recordedCases(runOf([native]), 8);
    expect(cases.map(({ threads }) => threads)).toEqual([1]);
    expect(variant).toBe('avx2');
    expect(recordedCases(runOf([native, testCase(1, { variant: 'simd256' })]), 8).variant).toBe('simd256');
  });

  it('leaves out what gave no figure and kernels that are not known', () => {
    const run = runOf([skipped('no memory'), testCase(2), testCase(2, { kernel: 'wasm-future' })]);
    const { cases, kernels, unknown } = recordedCases(run, 8);
    expect(cases).toHaveLength(1);
    expect(kernels.map(({ name }) => name)).toEqual(['wasm-flash']);
    expect(unknown).toEqual(['wasm-future']);
  });

  it('keeps a variant that all share, the hosts and the use of a software adapter', () => {
    const node = testCase(2, { variant: 'simd256' });
    const browser = testCase(2, { variant: 'simd-relaxed', host: 'browser' });
    expect(recordedCases(runOf([node, node]), 8)).toMatchObject({ variant: 'simd256', host: 'node', software: false });
    expect(recordedCases(runOf([node, browser]), 8)).toMatchObject({ variant: null, host: 'node,browser' });
    const run = runOf([node]);
    for (const device of run.context.devices) device.software = true;
    expect(recordedCases(run, 8).software).toBe(true);
  });
});
