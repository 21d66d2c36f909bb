/** A driver that goes wrong in the middle of a run: the point says how, and the next one is measured on a new device. */

import { expect, it } from 'vitest';
import { findKernel } from '../../../kernels/index.ts';
import type { Kernel } from '../../../kernels/kernel.ts';
import { type ChildHost, spawnHost } from '../../../src/host/node/spawn.ts';
import { softwareEnvironment } from '../../../src/host/node/targets.ts';
import { createHostPool } from '../../../src/host/pool.ts';
import { openTarget } from '../../../src/host/target.ts';
import { caseEnd, measureCase } from '../../../src/measure/case.ts';
import { faultyChild } from '../../host/faulty-child.ts';
import { workload } from '../../workloads.ts';
import { describeOnGpu } from './software-gpu.ts';

const W = workload({ seqQuery: 64 });
const NAIVE = findKernel('wgsl-naive');
/** Dawn's own classes, in the child. */
const DAWN = `import { globals } from '${import.meta.resolve('webgpu')}';`;

/** The same point twice, the first device with a fault; the outcomes, and how many devices were opened. */
async function twice(kernel: Kernel, flags: string[]) {
  const env = await softwareEnvironment(true);
  const options = { adapter: null, allowSoftware: true, limits: {} };
  const opened: ChildHost[] = [];
  const open = async () => {
    const role = { backend: 'webgpu', options, untimed: true } as const;
    const host = await spawnHost({ role, flags: opened.length === 0 ? flags : [], env });
    opened.push(host);
    return host;
  };
  const target = await openTarget({ host: 'node', open });
  const pool = createHostPool();
  const ends: string[] = [];
  try {
    for (let point = 0; point < 2; point += 1) {
      const { measurements } = await caseEnd(
        measureCase(W, [{ kernel, target }], pool, {
          ...{ data: { kind: 'drawn', seed: 1 }, seed: 1, full: true, budgetSeconds: 0.1, samples: 1, baseline: null },
          ...{ signal: new AbortController().signal, devices: new Map(), firstRound: 0 },
        }),
      );
      ends.push(...measurements.map((m) => (m.state === 'failed' ? m.message : m.state)));
    }
  } finally {
    await pool.close();
  }
  return { ends, opened: opened.length };
}

await describeOnGpu('a driver', () => {
  it('that loses the device costs one point', async () => {
    const lost = `${DAWN}
let lose;
const lost = new Promise((resolve) => { lose = () => resolve({ reason: 'unknown', message: 'the driver gave up' }); });
const request = globals.GPUAdapter.prototype.requestDevice;
globals.GPUAdapter.prototype.requestDevice = async function (descriptor) {
  return Object.defineProperty(await request.call(this, descriptor), 'lost', { value: lost });
};`;
    const { ends, opened } = await twice(NAIVE, faultyChild("if (message.method === 'run') lose();", lost).flags);
    expect(ends).toEqual([expect.stringMatching(/exit code 70: WebGPU device lost: the driver gave up/), 'measured']);
    expect(opened).toBe(2);
  });

  it.each([
    ['computes nothing', 'globals.GPUComputePassEncoder.prototype.dispatchWorkgroups = () => {};'],
    [
      'computes zeros',
      `const create = globals.GPUDevice.prototype.createShaderModule;
globals.GPUDevice.prototype.createShaderModule = function ({ code }) {
  return create.call(this, { code: code.replace(/o\\[i\\] = .*;/, 'o[i] = vec4f();') });
};`,
    ],
  ])('that %s gives no rate', async (_, wrong) => {
    const { ends, opened } = await twice(NAIVE, faultyChild('', DAWN + wrong).flags);
    for (const end of ends) expect(end).toMatch(/^wrong result: 64 of the 64 rows/);
    expect(opened).toBe(1);
  });

  it('that refuses a text says in which line', async () => {
    const broken: Kernel = {
      ...NAIVE,
      build(...of) {
        const program = NAIVE.build(...of);
        if (program.kind !== 'wgsl') throw new TypeError('wgsl-naive is WGSL');
        const passes = program.passes.map((pass) => ({
          ...pass,
          code: `const right = 1;\nconst wrong = nothing;\n${pass.code}`,
        }));
        return { ...program, passes };
      },
    };
    const { ends, opened } = await twice(broken, []);
    expect(ends).toEqual([expect.stringMatching(/:2:15 error: .*'nothing'/), expect.stringMatching(/:2:15 error/)]);
    expect(opened).toBe(1);
  });
});
