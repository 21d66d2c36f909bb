/**
 * wgsl-matrix, which few adapters can run: what they list of their matrices is read by Dawn's own names; the algorithm runs
 * with the matrices emulated; its text in both spellings goes through the compiler that knows them, on Dawn's null backend.
 */

import { describe, expect, it } from 'vitest';
import { wgslMatrix } from '../../../kernels/wgsl/matrix.ts';
import type { MatrixSpelling } from '../../../kernels/wgsl/matrix-text.ts';
import { type MatrixConfig, readSubgroupMatrix, SUBGROUP_MATRIX } from '../../../src/host/gpu/subgroup-matrix.ts';
import { describe as describeWorkload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases } from '../adversarial.ts';
import { SHAPES } from '../cases.ts';
import { runKernel, testInputs, testShapes } from '../harness.ts';
import { APPLE, emulated, INTEL, matrixCode, SQUARE } from '../matrix-features.ts';
import { onNullBackend } from './null-backend.ts';
import { describeOnGpu } from './software-gpu.ts';

/** Workgroup memory for blocks of 8 keys: emulated products of more are text that a software adapter compiles for ten seconds. */
const FEW_KEYS = 4096;

await describeOnGpu("wgsl-matrix on the device's own matrices", (host) => {
  it('lists them where the device has the feature, with types that WGSL knows, and is right', async ({ skip }) => {
    const { device, listedMatrices, ...profile } = await host.environment();
    expect(listedMatrices !== undefined).toBe(device.features.includes(SUBGROUP_MATRIX));
    for (const { component, result } of listedMatrices ?? [])
      expect(`${component} ${result}`).toMatch(/^[fiu]\d+ [fiu]\d+$/);
    const w = workload({ seqQuery: 41, dtype: 'f16' });
    const reason = wgslMatrix.unsupported(w, profile);
    if (reason !== undefined) skip(reason);
    expect(await runKernel(host, wgslMatrix, w)).toMatchOracle();
  });
});

await describeOnGpu('wgsl-matrix with emulated matrices', (host) => {
  const get = () => host;

  describe("matrices of Apple's GPUs, subgroups of 16", () => {
    const kernel = emulated({ threads: 16, shapes: [APPLE] }, FEW_KEYS);
    testShapes(
      kernel,
      get,
      SHAPES.filter(({ headDim }) => headDim === 32),
    );
    testInputs(kernel, get, adversarialCases());
  });

  it.each([
    // Multiplied in f32: an adapter without shader-f16 has no other arithmetic.
    { threads: 64, shape: SQUARE, w: workload({ headDim: 48, seqQuery: 70, mask: 'causal' }) },
    { threads: 8, shape: INTEL, w: workload({ seqQuery: 41, seqKv: 83, queryHeads: 3, kvHeads: 1, dtype: 'f16' }) },
  ])('subgroups of $threads, matrices of $shape.m x $shape.n x $shape.k', async ({ threads, shape, w }) => {
    const kernel = emulated({ threads, shapes: [{ ...shape, component: 'f32' }] });
    expect(await runKernel(host, kernel, w), describeWorkload(w)).toMatchOracle();
  });
});

/** Compiles modules where the feature is known, and gives the messages of each. */
const compileAll = (modules: string[]) =>
  onNullBackend<(string | null)[]>(
    `
const requiredFeatures = ['chromium-experimental-subgroup-matrix', 'subgroups', 'shader-f16'];
const device = globalThis.device = await adapter.requestDevice({ requiredFeatures });
const results = [];
for (const code of input) {
  device.pushErrorScope('validation');
  device.createShaderModule({ code });
  results.push((await device.popErrorScope())?.message ?? null);
}
return results;`,
    modules,
  );

describe('the text of wgsl-matrix', () => {
  it('is accepted by a compiler that knows the feature, in both spellings', () => {
    const modules = (['template', 'argument'] as const).flatMap((spelling) => [
      ...[32, 64, 128, 256].flatMap((headDim) => [
        matrixCode(spelling, APPLE, 'f32', { headDim }),
        matrixCode(spelling, APPLE, 'f16', { headDim }),
      ]),
      ...[32, 128].flatMap((headDim) => [
        matrixCode(spelling, SQUARE, 'f16', { headDim }),
        matrixCode(spelling, INTEL, 'f16', { headDim, mask: 'causal' }),
      ]),
    ]);
    const broken = (modules[0] ?? '').replace('subgroupMatrixLoad<', 'subgroupMatrixLod<');
    const messages = compileAll([...modules, broken]);
    expect(messages.slice(0, -1)).toEqual(modules.map(() => null));
    expect(messages.at(-1)).toMatch(/subgroupMatrixLod/);
  });
});

describe('what an adapter lists of its matrices', () => {
  /** Configurations as Dawn would give them, by its own names: types of the factors and of the sums, M, N, K. */
  const configurations = (...values: [string, string, number, number, number][]) =>
    onNullBackend<MatrixConfig[]>(
      `
const names = Object.getOwnPropertyNames(globals.GPUSubgroupMatrixConfig.prototype);
return input.map((values) => Object.fromEntries(values.map((value, index) => [names[index], value])));`,
      values,
    );
  const read = (subgroupMatrixConfigs: MatrixConfig[], spelling: MatrixSpelling | undefined) =>
    readSubgroupMatrix({ subgroupMaxSize: 32, subgroupMatrixConfigs }, spelling);

  it('is read by the attributes that Dawn gives', () => {
    expect(read(configurations(['f16', 'f32', 8, 16, 16]), 'argument')).toEqual({
      listed: [{ m: 8, n: 16, k: 16, component: 'f16', result: 'f32', used: true, why: 'used by wgsl-matrix' }],
      usable: { shapes: [INTEL], threads: 32, spelling: 'argument' },
    });
  });

  it('is used from the largest on, where kernels multiply such floats with sums of f32', () => {
    const given = configurations(
      ['f16', 'f16', 8, 8, 8],
      ['f16', 'f32', 8, 16, 16],
      ['i8', 'i32', 16, 16, 32],
      ['f16', 'f32', 16, 16, 16],
    );
    const { listed, usable } = read(given, 'argument');
    expect(usable?.shapes).toEqual([SQUARE, INTEL]);
    expect(listed.map(({ why }) => why)).toEqual([
      'no kernel here multiplies i8',
      'used by wgsl-matrix',
      'used by wgsl-matrix where a larger one does not fit the head dimension',
      'kernels here sum in f32, not in f16',
    ]);
  });

  it('is of no use where nothing is listed, or the compiler takes no known spelling', () => {
    expect(read([], 'argument')).toEqual({ listed: [], usable: undefined });
    const { listed, usable } = read(configurations(['f16', 'f32', 16, 16, 16]), undefined);
    expect(usable).toBeUndefined();
    expect(listed).toMatchObject([{ used: false, why: expect.stringContaining('spellings') as string }]);
  });
});
