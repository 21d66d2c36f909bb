/**
 * The AVO paper's three techniques on the hardware in front of the user: each kernel beside itself with one option
 * changed.
 */

import type { Suite } from '../src/problem/cases.ts';
import { expand, presetAxes } from '../src/problem/sweep.ts';

const WGSL = ['', '-branch', '-overlap', '-small', '-large'].map((option) => `wgsl-flash${option}`);
const WASM = ['', '-maxima', '-branch', '-phases', '-small', '-large'].map((option) => `wasm-flash${option}`);

/** The suite of `bench suite ablation`. */
export const ablation: Suite = {
  name: 'ablation',
  summary: 'branch-free rescaling, overlapped softmax and register budget, each against the tuned kernel',
  // At 2k even a software adapter gets its six rounds.
  workloads: expand({ ...presetAxes('mha'), seq: [2048] }),
  kernels: [...WGSL, ...WASM],
  budgetSeconds: 120,
};
