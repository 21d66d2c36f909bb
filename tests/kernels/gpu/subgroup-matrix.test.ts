/**
 * wgsl-matrix where no adapter here has subgroup matrices: its algorithm runs with the matrices emulated, and its text in both
 * spellings goes through the compiler that knows them, on Dawn's null backend, which runs nothing.
 */

import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { describe as describeWorkload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases } from '../adversarial.ts';
import { SHAPES } from '../cases.ts';
import { runKernel, testInputs, testShapes } from '../harness.ts';
import { APPLE, emulated, INTEL, matrixCode, SQUARE } from '../matrix-features.ts';
import { describeOnGpu } from './software-gpu.ts';

/** Workgroup memory for blocks of 8 keys: emulated products of more are text that a software adapter compiles for ten seconds. */
const FEW_KEYS = 4096;

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

/** Compiles modules on Dawn's null backend, in a process of its own, and gives the messages of each. */
function compileAll(modules: string[]): (string | null)[] {
  const script = `
import { readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';
Object.assign(globalThis, globals);
const gpu = globalThis.gpu = create(['backend=null', 'enable-dawn-features=allow_unsafe_apis']);
const adapter = globalThis.adapter = await gpu.requestAdapter();
const requiredFeatures = ['chromium-experimental-subgroup-matrix', 'subgroups', 'shader-f16'];
const device = globalThis.device = await adapter.requestDevice({ requiredFeatures });
const results = [];
for (const code of JSON.parse(readFileSync(0, 'utf8'))) {
  device.pushErrorScope('validation');
  device.createShaderModule({ code });
  results.push((await device.popErrorScope())?.message ?? null);
}
// The compiler's warnings come on standard output as well.
process.stdout.write(\`\\n\${JSON.stringify(results)}\`, () => process.exit(0));`;
  const { stdout, stderr, signal } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    input: JSON.stringify(modules),
    encoding: 'utf8',
    cwd: import.meta.dirname,
    maxBuffer: 2 ** 28,
  });
  try {
    return JSON.parse(stdout.split('\n').at(-1) ?? '') as (string | null)[];
  } catch {
    throw new Error(`the null backend gave no answer: ${signal} ${stderr}`);
  }
}

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
