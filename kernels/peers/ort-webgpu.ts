/** ONNX Runtime's attention on the GPU, through its own WebGPU provider: the yardstick for the WGSL kernels. */

import type { Kernel } from '../kernel.ts';
import { ortNative } from './ort-native.ts';

export const ortWebgpu: Kernel = {
  ...ortNative,
  name: 'ort-webgpu',
  summary: "ONNX Runtime's WebGPU attention, in its native runtime; copying q, k, v in and o out is part of its time",
  place: 'webgpu',
  build: (w) => ({ kind: 'module', entry: 'ort-webgpu', blockRows: w.seqQuery, wholeHeads: true }),
};
