/**
 * ONNX Runtime's attention on the GPU, through its own WebGPU provider on our adapter: the yardstick for the WGSL
 * kernels.
 */

import { peerHasNoGroups } from '../../src/messages.ts';
import type { Kernel } from '../kernel.ts';
import { ortNative } from './ort-native.ts';

/** The same operators on a GPU; only those that its WebGPU provider has. */
export const ortWebgpu: Kernel = {
  ...ortNative,
  name: 'ort-webgpu',
  backend: 'webgpu',
  summary: "ONNX Runtime's WebGPU attention, its own kernels on the same adapter, by the wall clock",
  unsupported(w, device) {
    if ((w.mask === 'full' || w.seqQuery === 1) && w.queryHeads !== w.kvHeads) return peerHasNoGroups;
    return ortNative.unsupported(w, device);
  },
  build: (w) => ({ kind: 'module', entry: 'ort-webgpu', blockRows: w.seqQuery }),
};
