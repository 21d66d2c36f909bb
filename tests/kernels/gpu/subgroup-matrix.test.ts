/**
 * wgsl-matrix, which few adapters can run: what they list of their matrices is read by Dawn's own names; the algorithm runs
 * with the matrices emulated; its text in both spellings goes through the compiler that knows them, on Dawn's null backend.
 */

import { describe, expect, it } from 'vitest';
import { wgslMatrix } from '../../../kernels/wgsl/matrix.ts';
import type { MatrixSpelling } from '../../../kernels/wgsl/matrix-text.ts';
import { type MatrixConfig, readSubgroupMatrix, SUBGROUP_MATRIX } from '../../../src/host/gpu/subgroup-matrix.ts';
import { describe as describeWorkload, type Workload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases, adversarialHalves } from '../adversarial.ts';
import { HALF_SHAPES, SHAPES } from '../cases.ts';
import { allRows, type Check, runKernel, testInputs, testShapes } from '../harness.ts';
import { APPLE, emulated, INTEL, matrixCode, SQUARE } from '../matrix-features.ts';
import { onNullBackend } from './null-backend.ts';
import { describeOnGpu } from './software-gpu.ts';

const half = (changes: Partial<Workload>) => workload({ ...changes, dtype: 'f16' });

await describeOnGpu("wgsl-matrix on the device's own matrices", (host) => {
  it('lists them where the device has the feature, with types that WGSL knows', async () => {
    const { device } = await host.environment();
    expect(device.matrices !== undefined).toBe(device.features.includes(SUBGROUP_MATRIX));
    for (const { component, result } of device.matrices ?? [])
      expect(`${component} ${result}`).toMatch(/^[fiu]\d+ [fiu]\d+$/);
  });

  /** Declares a test that skips itself, with the reason, where the device has no matrices for the workload. */
  const testRight = (name: string, w: Workload, check: Check = {}) =>
    it(`is right: ${name}`, { timeout: 600_000 }, async ({ skip }) => {
      const reason = wgslMatrix.unsupported(w, await host.environment());
      if (reason !== undefined) skip(reason);
      expect(await runKernel(host, wgslMatrix, w, check)).toMatchOracle();
    });

  for (const w of HALF_SHAPES) testRight(describeWorkload(w), w);
  for (const [name, w] of [
    ['grouped heads, ragged', half({ seqQuery: 41, seqKv: 83, queryHeads: 6, kvHeads: 2, mask: 'causal' })],
    ['fewer keys than a block', half({ seqQuery: 37, seqKv: 20 })],
    ['head dimension 64, ragged', half({ seqQuery: 70, seqKv: 83, headDim: 64 })],
    ['soft-cap and sinks', half({ seqQuery: 41, seqKv: 83, queryHeads: 4, kvHeads: 2, softcap: 2, sinks: true })],
  ] as const)
    testRight(name, w);
  for (const { name, workload: w, data, heads } of adversarialHalves()) {
    testRight(name, w, { data, rows: allRows(w).filter(({ queryHead }) => heads?.includes(queryHead) ?? true) });
  }
});

await describeOnGpu('wgsl-matrix with emulated matrices', (host) => {
  const get = () => host;

  describe("matrices of Apple's GPUs, two subgroups of 16", () => {
    const kernel = emulated(
      { threads: 16, shapes: [APPLE] },
      { subgroups: 2, rows: 8, keys: 8, k: 'staged', q: 'workgroup' },
    );
    testShapes(
      kernel,
      get,
      SHAPES.filter(({ headDim }) => headDim === 32),
    );
    testInputs(kernel, get, adversarialCases());
  });

  it.each([
    // Multiplied in f32: an adapter without shader-f16 has no other arithmetic.
    {
      name: '16 rows of a subgroup of 64, K from memory',
      kernel: emulated(
        { threads: 64, shapes: [{ ...SQUARE, component: 'f32' }] },
        { subgroups: 1, rows: 16, keys: 16, k: 'direct', q: 'workgroup' },
      ),
      w: workload({ headDim: 48, seqQuery: 70, mask: 'causal' }),
    },
    {
      name: '16 rows of a subgroup of 8, grouped heads in halves, rows without padding',
      kernel: emulated(
        { threads: 8, shapes: [{ ...INTEL, component: 'f32' }] },
        { subgroups: 2, rows: 16, keys: 16, k: 'staged', q: 'registers', padding: 'none' },
      ),
      w: half({ seqQuery: 41, seqKv: 83, queryHeads: 3, kvHeads: 1 }),
    },
    {
      name: 'rows filled up to whole matrices, v of its own',
      kernel: emulated(
        { threads: 16, shapes: [APPLE] },
        { subgroups: 1, rows: 8, keys: 8, k: 'staged', q: 'workgroup' },
      ),
      w: workload({ headDim: 20, headDimV: 9, seqQuery: 41, seqKv: 83, queryHeads: 3, mask: 'causal', batch: 2 }),
    },
    {
      name: 'rows of an odd number of halves, a team of two',
      kernel: emulated(
        { threads: 16, shapes: [APPLE] },
        { subgroups: 2, team: 2, rows: 8, keys: 16, k: 'staged', v: 'staged', q: 'registers' },
      ),
      w: half({ headDim: 13, headDimV: 12, seqQuery: 41, seqKv: 20, queryHeads: 3 }),
    },
  ])('$name', async ({ kernel, w }) => {
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
        matrixCode(spelling, APPLE, 'f32', { headDim, seqQuery: 64 }, 'apple'),
        matrixCode(spelling, INTEL, 'f16', { headDim, seqQuery: 64 }, 'intel'),
      ]),
      ...[{ headDim: 30 }, { headDim: 192, headDimV: 128 }].map((dims) => matrixCode(spelling, SQUARE, 'f16', dims)),
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
  const read = (subgroupMatrixConfigs: MatrixConfig[], spelling: MatrixSpelling | undefined, vendor = '') =>
    readSubgroupMatrix({ subgroupMaxSize: 32, subgroupMatrixConfigs, vendor }, spelling);

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

  it('is used in teams of subgroups where the vendor has few registers, and halves by way of floats', () => {
    const given = configurations(['f32', 'f32', 8, 8, 8], ['f16', 'f16', 8, 8, 8]);
    const { listed, usable } = read(given, 'template', 'apple');
    expect(usable?.shapes).toEqual([APPLE]);
    expect(listed.map(({ why }) => why)).toEqual([
      'used by wgsl-matrix, the output split over subgroups, as such GPUs have few registers',
      'kernels here sum in f32, not in f16; f16 tensors are multiplied by the matrices of f32',
    ]);
  });

  it('is of no use where nothing is listed, or the compiler takes no known spelling', () => {
    expect(read([], 'argument')).toEqual({ listed: [], usable: undefined });
    const { listed, usable } = read(configurations(['f16', 'f32', 16, 16, 16]), undefined);
    expect(usable).toBeUndefined();
    expect(listed).toMatchObject([{ used: false, why: expect.stringContaining('spellings') as string }]);
  });
});
