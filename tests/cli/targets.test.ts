/** Which targets that cannot be opened are left out, and which stay with their reason. */

import { expect, it } from 'vitest';
import { findKernel } from '../../kernels/index.ts';
import { openTargets } from '../../src/cli/targets/open-targets.ts';

const NOWHERE = {
  ...{ host: 'node', browser: null, connect: [], variant: null, threads: 1, limits: {} },
  // No machine has it, whatever else it has.
  ...{ adapter: 'an adapter of no machine', allowSoftware: false },
};
const [OWN, PEER] = [findKernel('wgsl-flash'), findKernel('ort-webgpu')];

it('leaves out our WebGPU with one line, and keeps a library that a suite asks for', async () => {
  const request = { ...NOWHERE, kernels: [OWN, PEER], backend: 'auto', named: false } as const;
  const { targetsOf, notices, close } = await openTargets(request);
  await close();
  expect(notices).toEqual([expect.stringMatching(/^Skipping WebGPU: /)]);
  expect(targetsOf(OWN)).toEqual([]);
  expect(targetsOf(PEER)).toEqual([expect.objectContaining({ state: 'unavailable' })]);
});

it('keeps our WebGPU with its reason where it was asked for by name', async () => {
  const { targetsOf, notices, close } = await openTargets({ ...NOWHERE, kernels: [OWN], backend: 'auto', named: true });
  await close();
  expect(notices).toEqual([]);
  expect(targetsOf(OWN)).toEqual([expect.objectContaining({ state: 'unavailable' })]);
});
