/** ONNX Runtime and TensorFlow.js beside the oracle, where it is installed, on the CPU, in WebAssembly and on the adapter that is here. */

import { describe, expect, it } from 'vitest';
import { findKernel } from '../../../kernels/index.ts';
import type { OrtBuild } from '../../../kernels/peers/ort-model.ts';
import { readAnswers } from '../../../scripts/conformance/answers.ts';
import { caseTensors } from '../../../scripts/conformance/cases.ts';
import { F32, oracleOutput, prepareCase, worstError, worstKept } from '../../../scripts/conformance/check.ts';
import { openOperator } from '../../../scripts/conformance/operator.ts';
import { spawnHost } from '../../../src/host/node/spawn.ts';
import { softwareEnvironment } from '../../../src/host/node/targets.ts';
import { workload } from '../../workloads.ts';
import { runKernel } from '../harness.ts';

const failed = (error: Error) => error;
const openCpu = (build: OrtBuild) =>
  spawnHost({ role: { library: 'onnxruntime', backend: build, threads: 2 }, flags: [], env: {} }).catch(failed);
const opened = await openCpu('native');
const openedWasm = await openCpu('wasm');
const openedTfjs = await spawnHost({ role: { library: 'tensorflow', backend: 'wasm' }, flags: [], env: {} }).catch(
  failed,
);
const options = { adapter: null, allowSoftware: true, limits: {} };
const gpuRole = { library: 'onnxruntime', backend: 'webgpu', options } as const;
// Without an adapter the child says so itself, after it has looked for the install.
const openedGpu = await softwareEnvironment(true)
  .catch(() => ({}))
  .then((env) => spawnHost({ role: gpuRole, flags: [], env }))
  .catch(failed);
for (const place of [opened, openedWasm, openedTfjs, openedGpu]) {
  if (place instanceof Error) process.stderr.write(`Peers are not tested: ${place.message}\n`);
}

describe.each([
  ['ort-native', opened],
  ['ort-wasm', openedWasm],
  ['tfjs-wasm', openedTfjs],
])('on the CPU: %s', (kernel, place) => {
  const host = place as Exclude<typeof place, Error>;
  it
    .skipIf(place instanceof Error)
    .each([
      workload({ headDim: 64, queryHeads: 4, kvHeads: 4, seqQuery: 130, batch: 2 }),
      workload({ headDim: 64, queryHeads: 4, kvHeads: 2, seqQuery: 130 }),
      workload({ headDim: 128, queryHeads: 4, kvHeads: 1, seqQuery: 200, mask: 'causal', batch: 2 }),
      workload({ headDim: 128, queryHeads: 2, kvHeads: 2, seqQuery: 200, mask: 'causal', scale: 0.3 }),
      workload({ headDim: 64, queryHeads: 2, kvHeads: 2, seqQuery: 5, seqKv: 300 }),
      workload({ headDim: 64, queryHeads: 4, kvHeads: 2, seqQuery: 1, seqKv: 300, mask: 'causal' }),
    ])('agrees with the oracle: $mask, $queryHeads over $kvHeads heads, $seqQuery queries', async (w) => {
    expect(await runKernel(host, findKernel(kernel), w)).toMatchOracle();
  });
});

describe.skipIf(openedGpu instanceof Error)("ONNX Runtime's WebGPU provider", () => {
  const host = openedGpu as Exclude<typeof openedGpu, Error>;
  // From 32 queries on it takes its fused kernel, which is wrong on this adapter where it is let use subgroups.
  it.each([
    workload({ headDim: 64, queryHeads: 2, kvHeads: 2, seqQuery: 64 }),
    workload({ headDim: 128, queryHeads: 2, kvHeads: 2, seqQuery: 130, batch: 2 }),
    workload({ headDim: 64, queryHeads: 4, kvHeads: 2, seqQuery: 130, mask: 'causal' }),
    workload({ headDim: 64, queryHeads: 2, kvHeads: 2, seqQuery: 5, seqKv: 300 }),
  ])('agrees with the oracle: $mask, $queryHeads over $kvHeads heads, $seqQuery queries', async (w) => {
    expect(await runKernel(host, findKernel('ort-webgpu'), w)).toMatchOracle();
  });
});

describe.skipIf(opened instanceof Error)("ONNX's operator Attention", () => {
  it('answers the table as it did, and as the oracle does', async () => {
    const operator = openOperator();
    for (const answer of readAnswers().cases) {
      const tensors = caseTensors(answer.case);
      const prepared = prepareCase(answer.case, tensors);
      const output = await operator.answer(answer.case, tensors);
      expect(worstKept(prepared, output, answer, F32)).toBeLessThan(1);
      expect(worstError(prepared, output, oracleOutput(prepared), F32)).toBeLessThan(1);
    }
  });
});

describe('without the install', () => {
  it.runIf(opened instanceof Error)('says how to get it', () => {
    expect((opened as Error).message).toContain('npm run peers');
    expect((openedWasm as Error).message).toContain('npm run peers');
    expect((openedTfjs as Error).message).toContain('npm run peers');
    expect((openedGpu as Error).message).toContain('npm run peers');
  });
});
