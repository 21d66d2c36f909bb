/** The report's three ideas on the hardware in front of the user: each kernel beside itself with one option changed. */

import type { Suite } from '../src/plan.ts';
import { expand, presetAxes } from '../src/shapes.ts';

const OPTIONS = ['', '-branch', '-overlap', '-small', '-large'];

export const ablation: Suite = {
  name: 'ablation',
  summary: 'branch-free rescaling, overlapped softmax and register budget, each against the tuned kernel',
  // At 2k even a software adapter gets its six rounds.
  workloads: expand({ ...presetAxes('mha'), seq: [2048] }),
  kernels: ['wgsl-flash', 'wasm-flash'].flatMap((kernel) => OPTIONS.map((option) => `${kernel}${option}`)),
  budgetSeconds: 120,
};
