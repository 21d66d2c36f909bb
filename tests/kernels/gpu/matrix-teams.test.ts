/** wgsl-matrix where subgroups are a team that shares rows, each with its keys and its columns of the output. */

import { expect, it } from 'vitest';
import type { Configuration } from '../../../kernels/kernel.ts';
import { wgslMatrix } from '../../../kernels/wgsl/matrix.ts';
import { describe as describeWorkload, type Workload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases } from '../adversarial.ts';
import { configured, runKernel, testInputs } from '../harness.ts';
import { APPLE, emulated } from '../matrix-features.ts';
import { describeOnGpu } from './software-gpu.ts';

const DIRECT = { k: 'direct', v: 'direct', q: 'workgroup' };
const STAGED = { k: 'staged', v: 'staged', q: 'workgroup' };
/** Small ones: each is another program, and an adapter without matrices takes seconds to compile them emulated. */
const PAIR = { subgroups: 2, team: 2, rows: 8, keys: 16 };
const FOUR = { subgroups: 4, team: 4, rows: 8, keys: 32 };

await describeOnGpu('wgsl-matrix in teams, with emulated matrices', (host) => {
  const teams = (configuration: Configuration) => emulated({ threads: 16, shapes: [APPLE] }, configuration);

  it.each<{ name: string; configuration: Configuration; w: Workload }>([
    {
      name: 'two subgroups, causal, ragged',
      configuration: { ...PAIR, ...DIRECT },
      w: workload({ headDim: 64, seqQuery: 70, seqKv: 83, mask: 'causal' }),
    },
    {
      name: 'two teams of two, q in registers, grouped heads in halves under a window',
      configuration: { ...PAIR, ...STAGED, subgroups: 4, q: 'registers' },
      w: workload({ seqQuery: 20, seqKv: 100, queryHeads: 6, kvHeads: 2, window: 17, dtype: 'f16' }),
    },
    {
      name: 'four subgroups, fewer keys than a block',
      configuration: { ...FOUR, ...STAGED },
      w: workload({ headDim: 128, seqQuery: 41, seqKv: 20 }),
    },
    {
      name: 'four subgroups, the widest output, a window',
      configuration: { ...FOUR, ...DIRECT, loads: 'k-first' },
      w: workload({ headDim: 256, seqQuery: 40, seqKv: 70, window: 30, mask: 'causal' }),
    },
  ])('$name', async ({ configuration, w }) => {
    expect(await runKernel(host, teams(configuration), w), describeWorkload(w)).toMatchOracle();
  });

  testInputs(
    teams({ ...PAIR, ...DIRECT }),
    () => host,
    adversarialCases().filter(({ name }) => /rescales|jump of 8|neighbouring|causal mask/.test(name)),
  );
});

await describeOnGpu("wgsl-matrix in teams, on the device's own matrices", (host) => {
  it.for([
    { name: 'K and V from memory', configuration: { ...PAIR, ...DIRECT } },
    { name: 'K and V staged', configuration: { ...PAIR, ...STAGED, subgroups: 4 } },
  ])('is right: $name', { timeout: 600_000 }, async ({ configuration }, { skip }) => {
    const kernel = configured(wgslMatrix, configuration);
    const w = workload({ seqQuery: 41, seqKv: 83, queryHeads: 6, kvHeads: 2, mask: 'causal', dtype: 'f16' });
    const device = await host.environment();
    const reason = wgslMatrix.unsupported(w, device) ?? kernel.unsupported(w, device);
    if (reason !== undefined) skip(reason);
    expect(await runKernel(host, kernel, w)).toMatchOracle();
  });
});
