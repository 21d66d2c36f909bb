/** What becomes of the buffers of a slice where a device cannot give all of them: Dawn's own refusal, on its null backend. */

import { expect, it } from 'vitest';
import { findKernel } from '../../../kernels/index.ts';
import { TYPICAL_DEVICE } from '../../../kernels/typical-device.ts';
import { wholeSlice } from '../../../src/problem/slice.ts';
import { workload } from '../../workloads.ts';
import { onNullBackend } from './null-backend.ts';

interface Found {
  created: number;
  destroyed: number;
  message: string;
}

/** Prepares a workload of two parts on a device whose `refused`-th buffer of them is larger than any may be; none where it is 0. */
function prepareWith(refused: number): Found {
  const w = workload({ seqQuery: 16, kvHeads: 2 });
  const program = findKernel('wgsl-naive').build(w, TYPICAL_DEVICE);
  if (program.kind !== 'wgsl') throw new Error('wgsl-naive is a WGSL program');
  const request = { program, workload: w, slice: wholeSlice(w, program.blockRows), data: { kind: 'seeded', seed: 1 } };
  return onNullBackend<Found>(
    `
    const { createWebgpuHost } = await import('../../../src/host/gpu/webgpu-host.ts');
    const device = await adapter.requestDevice();
    const host = await createWebgpuHost(device, {
      deviceName: 'null', vendor: undefined, info: adapter.info, software: true, untimed: true, memoryBytes: 2 ** 30,
      submissionSeconds: 0.05,
      // One KV head of f32 a part.
      limits: { maxStorageBufferBindingSize: 4 * 16 * 32 }, onLost() {},
    });
    await host.compile(input.request.program);
    const create = device.createBuffer.bind(device);
    let created = 0;
    let destroyed = 0;
    // Only the tensors can be copied from and to; what compiling needs is not counted.
    const isTensor = ({ usage }) => (usage & 0xc) === 0xc;
    device.createBuffer = (descriptor) => {
      if (!isTensor(descriptor)) return create(descriptor);
      created += 1;
      const size = created === input.refused ? 2 * device.limits.maxBufferSize : descriptor.size;
      const buffer = create({ ...descriptor, size });
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        destroyed += 1;
        destroy();
      };
      return buffer;
    };
    const message = await host.prepare(input.request).then(
      ({ id }) => host.dispose(id).then(() => 'prepared'),
      (error) => error.message,
    );
    return { created, destroyed, message };`,
    { request, refused },
  );
}

it('are given back when the slice is disposed of', () => {
  // q, k, v, o and the starts of blocks of two parts.
  expect(prepareWith(0)).toEqual({ created: 10, destroyed: 10, message: 'prepared' });
});

it.each([1, 4, 9])('are given back where the device refuses number %i of them', (refused) => {
  const { created, destroyed, message } = prepareWith(refused);
  expect(message).toMatch(/size/i);
  expect(created).toBeGreaterThanOrEqual(refused);
  expect(destroyed).toBe(created);
});
