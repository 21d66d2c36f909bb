/** The WGSL kernel beside ONNX Runtime's own WebGPU kernels on the same adapter, both by the wall clock. */

import type { Suite } from '../src/problem/cases.ts';
import { expand, presetAxes } from '../src/problem/sweep.ts';

/** The suite of `bench suite peers-webgpu`. */
export const peersWebgpu: Suite = {
  name: 'peers-webgpu',
  summary: "wgsl-flash over ONNX Runtime's WebGPU attention, in paired rounds (needs ONNX Runtime)",
  workloads: expand({ ...presetAxes('mha'), batch: [1], heads: [2], seq: [512, 1024, 2048], headDim: [64, 128] }),
  kernels: ['wgsl-flash', 'ort-webgpu'],
  baseline: 'ort-webgpu',
  samples: 7,
  budgetSeconds: 150,
};
