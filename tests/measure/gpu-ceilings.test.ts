/** The limits of a GPU on mock hosts: which probes run on what a device has, which of them limits a kernel, and one that fails. */

import { describe, expect, it } from 'vitest';
import type { Probe } from '../../kernels/ceilings/probe.ts';
import {
  wgslBankConflicts,
  wgslCacheReads,
  wgslExponential,
  wgslMemoryReads,
  wgslMultiplyAdd,
  wgslMultiplyAddF16,
  wgslWorkgroupReads,
} from '../../kernels/ceilings/wgsl.ts';
import { matrixProbes } from '../../kernels/ceilings/wgsl-matrix.ts';
import type { SubgroupMatrix } from '../../kernels/device.ts';
import { findKernel } from '../../kernels/index.ts';
import type { Environment, PrepareRequest } from '../../src/host/contract.ts';
import type { OpenTarget } from '../../src/host/target.ts';
import { ceilingsOf } from '../../src/measure/ceilings.ts';
import { measureGpu } from '../../src/measure/gpu-ceilings.ts';
import { measureRun } from '../../src/measure/run.ts';
import { cases } from '../../src/problem/cases.ts';
import { APPLE, SQUARE } from '../kernels/matrix-features.ts';
import { workload } from '../workloads.ts';
import { mockTarget } from './targets.ts';

const MATRIX: SubgroupMatrix = { shapes: [SQUARE, APPLE], threads: 32, spelling: 'template' };

/** A GPU with such matrices whose probes give what they should, that labelled `broken` excepted. */
async function gpu(subgroupMatrix?: SubgroupMatrix, broken?: string): Promise<OpenTarget> {
  let environment: Environment | undefined;
  const target = await mockTarget('rate=1e12', (host) => {
    const prepared = new Map<number, PrepareRequest>();
    return {
      ...host,
      environment: async () => environment ?? (await host.environment()),
      async prepare(request) {
        const result = await host.prepare(request);
        prepared.set(result.id, request);
        return result;
      },
      async read(id, rows) {
        const request = prepared.get(id);
        const label = request?.program.kind === 'wgsl' ? request.program.passes[0]?.label : undefined;
        if (request === undefined || environment === undefined || label === undefined) return host.read(id, rows);
        const probe = probesOn(environment).find((one) => labelOf(one, environment as Environment) === label);
        return [Float32Array.of(label === broken ? 7 : (probe?.expected(request.workload) ?? Number.NaN))];
      },
    };
  });
  const { device, limits, features, ...rest } = target.environment;
  environment = {
    ...rest,
    device: { ...device, backend: 'webgpu', name: 'Test GPU', threads: null },
    limits: { ...limits, tensorBytes: 2 ** 27 },
    features: { ...features, f16: true, ...(subgroupMatrix === undefined ? {} : { subgroupMatrix }) },
  };
  return { ...target, host: 'node', environment };
}

const probesOn = (environment: Environment): Probe[] => [
  ...[wgslMultiplyAdd, wgslMultiplyAddF16, wgslExponential, wgslWorkgroupReads, wgslMemoryReads],
  ...[wgslBankConflicts, wgslCacheReads],
  ...matrixProbes(environment),
];
const labelOf = (probe: Probe, environment: Environment) => {
  const program = probe.build(workload({ headDim: 128 }), environment);
  return program.kind === 'wgsl' ? program.passes[0]?.label : undefined;
};

describe('measureGpu', () => {
  it('measures matrix products of every kind that the device has', async () => {
    const failures: string[] = [];
    const found = await measureGpu(await gpu(MATRIX), (probe) => failures.push(probe));
    expect(failures).toEqual([]);
    expect(found.map(({ quantity, probe }) => `${quantity}: ${probe}`)).toEqual([
      'multiply-add: wgsl-multiply-add',
      'multiply-add f16: wgsl-multiply-add-f16',
      'matrix-product f16: wgsl-matrix-products-f16-16x16x16',
      'matrix-product f32: wgsl-matrix-products-f32-8x8x8',
      'exponential: wgsl-exponentials',
      'workgroup-read: wgsl-workgroup-reads',
      'workgroup-conflict: wgsl-bank-conflicts',
      'cache-read: wgsl-cache-reads',
      'memory-read: wgsl-memory-reads',
    ]);
  });

  it('tells of a probe whose result is wrong, and measures the others', async () => {
    const failures: [string, unknown][] = [];
    const target = await gpu(MATRIX, 'matrix products f16');
    const found = await measureGpu(target, (probe, error) => failures.push([probe, error]));
    expect(failures).toEqual([
      ['wgsl-matrix-products-f16-16x16x16', expect.objectContaining({ message: expect.stringContaining('gave 7') })],
    ]);
    expect(found.map(({ quantity }) => quantity)).not.toContain('matrix-product f16');
    expect(found).toHaveLength(8);
  });
});

describe('the roof of a kernel', () => {
  const kernels = [findKernel('wgsl-flash'), findKernel('wgsl-matrix')];

  /** Names of the ceilings by kernel, as a run records them, and all that ran. */
  async function roofs(dtype: 'f16' | 'f32', names = kernels) {
    const target = await gpu(MATRIX);
    const oracleOnly = await mockTarget('rate=1e12');
    const open: OpenTarget = { ...target, open: () => oracleOnly.open() };
    const found: { [kernel: string]: string | undefined } = {};
    const ran: string[] = [];
    const events = measureRun({
      cases: cases([workload({ headDim: 64, dtype })]),
      targets: [open],
      contendersOf: () => names.map((kernel) => ({ kernel, target: open })),
      ceilingsOf,
      ...{ budgetSeconds: 1, samples: 2, full: false, seed: 1, baseline: null, signal: new AbortController().signal },
    });
    for await (const event of events) {
      if (event.kind === 'case-ended') {
        ran.push(...event.outcomes.flatMap(({ contender: { kernel, ceiling } }) => (ceiling ? [kernel.name] : [])));
      }
      if (event.kind !== 'measured' || event.measurement.state !== 'measured') continue;
      found[event.measurement.kernel] = event.measurement.ceiling?.name;
    }
    return { ...found, ran };
  }

  it('is products of the matrices that it uses, or multiply-adds in f32', async () => {
    expect(await roofs('f16')).toEqual({
      'wgsl-flash': 'wgsl-multiply-add',
      'wgsl-matrix': 'wgsl-matrix-products-f16-16x16x16',
      ran: ['wgsl-multiply-add', 'wgsl-matrix-products-f16-16x16x16'],
    });
    expect(await roofs('f32')).toEqual({
      'wgsl-flash': 'wgsl-multiply-add',
      'wgsl-matrix': 'wgsl-matrix-products-f32-8x8x8',
      ran: ['wgsl-multiply-add', 'wgsl-matrix-products-f32-8x8x8'],
    });
  });

  it('runs only where a kernel under it does', async () => {
    expect((await roofs('f16', kernels.slice(1))).ran).toEqual(['wgsl-matrix-products-f16-16x16x16']);
    expect((await roofs('f16', kernels.slice(0, 1))).ran).toEqual(['wgsl-multiply-add']);
  });
});
