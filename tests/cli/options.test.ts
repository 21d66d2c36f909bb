/** Typed options: what the user gives, what a caller fixes, defaults, repeats and the types of all of them. */

import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { targetOf } from '../../src/cli/options/device.ts';
import { runOptions } from '../../src/cli/options/run.ts';
import { runOptionsOf } from '../../src/cli/options/run-options.ts';
import {
  addOptions,
  givenOf,
  type OptionGroup,
  under,
  type ValuesOf,
  valuesOf,
} from '../../src/cli/options/typed-option.ts';
import { workloadOptions, workloadsOf } from '../../src/cli/options/workload.ts';
import { presetAxes } from '../../src/problem/sweep.ts';
import type { Dtype } from '../../src/problem/workload.ts';

/** The values of a group after a command line. */
function parse<G extends OptionGroup>(group: G, args: string[], fixed: Partial<ValuesOf<G>> = {}) {
  const command = addOptions(new Command(), group).exitOverride();
  command.parse(args, { from: 'user' });
  return { values: valuesOf(command, group, fixed), given: givenOf(command, group) };
}

describe('values of options', () => {
  it('are the defaults without a command line, with types of their own', () => {
    const { values, given } = parse(runOptions(30), []);
    expect(given).toEqual({});
    expect(values).toMatchObject({ budget: 30, samples: null, seed: 1, full: false, kernel: null, limits: {} });
    expect(runOptionsOf(values)).toMatchObject({ budgetSeconds: 30, chart: null, drawChart: true, backend: 'auto' });
  });

  it('name wgsl-matrix beside the other kernels for tensors of f16, on a backend that has it', () => {
    const { values } = parse(runOptions(30), []);
    const names = (dtype: Dtype, backend: 'auto' | 'wasm' | 'webgpu' = 'auto') =>
      runOptionsOf({ ...values, backend }, [dtype]).kernels.map(({ name }) => name);
    expect(names('f16')).toEqual([...names('f32'), 'wgsl-matrix']);
    expect(names('f16', 'webgpu')).toContain('wgsl-matrix');
    expect(names('f32', 'webgpu')).not.toContain('wgsl-matrix');
    expect(names('f16', 'wasm')).toEqual(names('f32', 'wasm'));
  });

  it('name amx-flash beside the other kernels for tensors of bf16', () => {
    const { values } = parse(runOptions(30), []);
    const names = (dtype: Dtype, backend: 'auto' | 'native' = 'auto') =>
      runOptionsOf({ ...values, backend }, [dtype]).kernels.map(({ name }) => name);
    expect(names('bf16')).toEqual([...names('f32'), 'amx-flash']);
    expect(names('bf16', 'native')).toEqual(['x64-flash', 'amx-flash']);
  });

  it('are those of the user before those that a caller fixes, also where they are the default', () => {
    const fixed = { budget: 120, samples: 7, variant: 'simd-relaxed' } as const;
    const { values } = parse(runOptions(30), ['--budget', '30', '--variant', 'simd'], fixed);
    expect(values).toMatchObject({ budget: 30, samples: 7, variant: 'simd' });
  });

  it('gather what is repeated, each once, in place of the default', () => {
    const options = workloadOptions(presetAxes('mha'));
    expect(parse(options, []).values.seq).toEqual([4096, 8192, 16384, 32768]);
    expect(parse(options, ['--seq', '1k,2k', '--seq', '2k-8k*2']).values.seq).toEqual([1024, 2048, 4096, 8192]);
    const limits = ['--limits', 'maxBufferSize=1024', '--limits', 'maxComputeInvocationsPerWorkgroup=128'];
    expect(parse(runOptions(30), limits).values.limits).toEqual({
      maxBufferSize: 1024,
      maxComputeInvocationsPerWorkgroup: 128,
    });
  });

  it('choose the chart, a file for it, or none', () => {
    const drawn = (...args: string[]) => {
      const { chart, drawChart } = runOptionsOf(parse(runOptions(30), args).values);
      return [chart, drawChart];
    };
    expect(drawn('--chart', 'a.svg')).toEqual(['a.svg', true]);
    expect(drawn('--no-chart')).toEqual([null, false]);
  });

  it('make a browser of an address to connect to', () => {
    const { values } = parse(runOptions(30), ['--connect', 'ws://one:1/,ws://two:2/', '--connect', 'ws://three:3/']);
    expect(targetOf(values)).toMatchObject({
      host: 'browser',
      connect: ['ws://one:1/', 'ws://two:2/', 'ws://three:3/'],
    });
  });

  it('become workloads', () => {
    const args = ['--seq', '1k', '--causal', 'true', '--window', '256', '--dtype', 'f16', '--scale', '0.5'];
    expect(workloadsOf(parse(workloadOptions(presetAxes('gqa')), args).values)).toEqual([
      {
        ...{ batch: 32, queryHeads: 32, kvHeads: 4, headDim: 128, seqQuery: 1024, seqKv: 1024 },
        ...{ mask: 'causal', window: 256, dtype: 'f16', scale: 0.5 },
      },
    ]);
    // What else becomes of the scores is no field of a workload that does not ask for it.
    const asked = ['--seq', '1k', '--causal', 'true', '--softcap', '50', '--sinks', '--alibi'];
    expect(workloadsOf(parse(workloadOptions(presetAxes('gqa')), asked).values)).toMatchObject([
      { softcap: 50, sinks: true, alibi: true },
    ]);
    expect(() => parse(workloadOptions(presetAxes('gqa')), ['--softcap', '0'])).toThrow(
      /--softcap: '0' is not a number/,
    );
  });
});

describe('a group of options', () => {
  it('has the names that commander gives the values', () => {
    const { seqKv } = under('Workload:', workloadOptions(presetAxes('mha')));
    expect(() => addOptions(new Command(), { keys: seqKv })).toThrow("--seq-kv <sizes> cannot give the value 'keys'");
  });
});
