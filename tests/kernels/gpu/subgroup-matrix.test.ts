/**
 * wgsl-matrix where no adapter here has subgroup matrices: its algorithm runs with the matrices emulated, and its text in both
 * spellings goes through the compiler that knows them, on Dawn's null backend, which runs nothing.
 */

import { spawnSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import type { DeviceProfile, SubgroupMatrix } from '../../../kernels/device.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import { wgslMatrix } from '../../../kernels/wgsl/matrix.ts';
import type { Host } from '../../../src/host/contract.ts';
import { readSubgroupMatrix } from '../../../src/host/gpu/subgroup-matrix.ts';
import { spawnHost } from '../../../src/host/node/spawn.ts';
import { softwareEnvironment } from '../../../src/host/node/targets.ts';
import { type Dtype, describe as describeWorkload } from '../../../src/problem/workload.ts';
import { workload } from '../../workloads.ts';
import { adversarialCases } from '../adversarial.ts';
import { SHAPES } from '../cases.ts';
import { allRows, runKernel } from '../harness.ts';

/** The shapes of Apple's GPUs, and of NVIDIA's and AMD's; Intel's have m 8. */
const F32 = { m: 8, n: 8, k: 8, component: 'f32' } as const;
const F16 = { m: 16, n: 16, k: 16, component: 'f16' } as const;
const INTEL = { m: 8, n: 16, k: 16, component: 'f16' } as const;

const emulated = (changes: Partial<SubgroupMatrix> = {}): Kernel => {
  const withMatrices = (device: DeviceProfile): DeviceProfile => ({
    ...device,
    features: {
      ...device.features,
      subgroupMatrix: { shapes: [F32], threads: 16, spelling: 'emulated', ...changes },
    },
  });
  return {
    ...wgslMatrix,
    unsupported: (w, device) => wgslMatrix.unsupported(w, withMatrices(device)),
    build: (w, device) => wgslMatrix.build(w, withMatrices(device)),
  };
};

const opened = await softwareEnvironment(true)
  .then((env) => {
    const options = { adapter: null, allowSoftware: true, limits: {} };
    return spawnHost({ role: { backend: 'webgpu', options, untimed: true }, flags: [], env });
  })
  .catch((error: Error) => error);
if (opened instanceof Error) process.stderr.write(`Emulated matrices are not run: ${opened.message}\n`);

describe.skipIf(opened instanceof Error)('wgsl-matrix with emulated matrices', () => {
  const host = opened as Host;
  afterAll(() => host.close());

  // A few head dimensions: the software adapter takes up to ten seconds to compile each.
  const shapes = SHAPES.filter(({ headDim, seqQuery }) => headDim <= 48 || headDim === 80 || seqQuery === 65);
  it.each(shapes.map((w) => ({ name: describeWorkload(w), w })))('$name', async ({ w }) => {
    const result = await runKernel(host, emulated(), w);
    expect(result).toMatchOracle();
  });

  it.each(adversarialCases())('$name', async ({ workload: w, data, heads }) => {
    const rows = allRows(w).filter(({ queryHead }) => heads?.includes(queryHead) ?? true);
    const result = await runKernel(host, emulated(), w, { data, rows });
    expect(result).toMatchOracle();
  });

  it.each([
    { threads: 32, shapes: [F32] },
    { threads: 64, shapes: [{ ...F16, component: 'f32' as const }] },
    { threads: 8, shapes: [{ ...INTEL, component: 'f32' as const }] },
  ])('in subgroups of $threads, matrices of $shapes', async (changes) => {
    for (const w of [
      workload({ headDim: 32, seqQuery: 70, queryHeads: 3, kvHeads: 1, mask: 'causal' }),
      workload({ headDim: 32, seqQuery: 41, seqKv: 83, dtype: 'f16' }),
    ]) {
      const result = await runKernel(host, emulated(changes), w);
      expect(result, describeWorkload(w)).toMatchOracle();
    }
  });
});

describe('where the feature is not offered, or offers no such shape', () => {
  const reason = (w: ReturnType<typeof workload>, subgroupMatrix?: SubgroupMatrix, f16 = false) =>
    wgslMatrix.unsupported(w, {
      ...TYPICAL_DEVICE,
      features: { ...TYPICAL_DEVICE.features, f16, ...(subgroupMatrix === undefined ? {} : { subgroupMatrix }) },
    });
  const offers = (shapes: SubgroupMatrix['shapes']): SubgroupMatrix => ({ shapes, threads: 32, spelling: 'template' });

  it('says why', () => {
    const f32 = workload({ headDim: 64 });
    expect(reason(f32)).toMatch(/experimental feature/);
    // f32 tensors are not rounded to f16.
    expect(reason(f32, offers([F16]))).toMatch(/no subgroup matrices that multiply f32/);
    expect(reason(workload({ headDim: 48 }), offers([F32]))).toBeUndefined();
    expect(reason(workload({ headDim: 64, dtype: 'f16' }), offers([F16]), true)).toBeUndefined();
    expect(reason(workload({ headDim: 64, dtype: 'f16' }), offers([F16]))).toMatch(/multiply f16/);
  });

  it('reads what an adapter lists', () => {
    const configs = [
      { componentType: 'f16', resultType: 'f16', M: 8, N: 8, K: 8 },
      { componentType: 'f16', resultType: 'f32', M: 16, N: 16, K: 16 },
      { componentType: 'i8', resultType: 'i32', M: 16, N: 16, K: 32 },
    ];
    expect(readSubgroupMatrix({ subgroupMaxSize: 32, subgroupMatrixConfigs: configs }, 'argument')).toEqual({
      shapes: [F16],
      threads: 32,
      spelling: 'argument',
    });
    expect(readSubgroupMatrix({ subgroupMaxSize: 32, subgroupMatrixConfigs: [] }, 'template')).toBeUndefined();
    expect(readSubgroupMatrix({ subgroupMaxSize: 32, subgroupMatrixConfigs: configs }, undefined)).toBeUndefined();
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
  const textOf = (spelling: SubgroupMatrix['spelling'], shape: SubgroupMatrix['shapes'][number], dtype: Dtype) => {
    const subgroupMatrix = { shapes: [shape], threads: 32, spelling };
    const features = { ...TYPICAL_DEVICE.features, f16: true, subgroupMatrix };
    return (headDim: number, mask: 'full' | 'causal' = 'full') => {
      const program = wgslMatrix.build(workload({ headDim, dtype, mask, queryHeads: 4, kvHeads: 2 }), {
        ...TYPICAL_DEVICE,
        features,
      });
      return program.kind === 'wgsl' ? (program.passes[0]?.code ?? '') : '';
    };
  };

  it.each([
    ['template', F32, 'f32'],
    ['argument', F16, 'f16'],
  ] as const)('is as it was, %s', async (spelling, shape, dtype) => {
    await expect(textOf(spelling, shape, dtype)(32)).toMatchFileSnapshot(
      `../snapshots/wgsl-matrix-d32-${dtype}-${spelling}.wgsl`,
    );
  });

  it('is accepted by a compiler that knows the feature, in both spellings', () => {
    const modules = (['template', 'argument'] as const).flatMap((spelling) => [
      ...[32, 64, 128, 256].flatMap((d) => [textOf(spelling, F32, 'f32')(d), textOf(spelling, F32, 'f16')(d)]),
      ...[32, 128].flatMap((d) => [textOf(spelling, F16, 'f16')(d), textOf(spelling, INTEL, 'f16')(d, 'causal')]),
    ]);
    const broken = (modules[0] ?? '').replace('subgroupMatrixLoad<', 'subgroupMatrixLod<');
    const messages = compileAll([...modules, broken]);
    expect(messages.slice(0, -1)).toEqual(modules.map(() => null));
    expect(messages.at(-1)).toMatch(/subgroupMatrixLod/);
  });
});
