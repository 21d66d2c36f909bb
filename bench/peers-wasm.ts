/** The WebAssembly kernel as a browser runs it, at 128 bits, beside ONNX Runtime Web's own WebAssembly attention and TensorFlow.js. */

import type { Suite } from '../src/problem/cases.ts';
import { type Axes, expand, presetAxes } from '../src/problem/sweep.ts';

const mha: Axes = { ...presetAxes('mha'), batch: [1] };
const gqa: Axes = { ...presetAxes('gqa'), batch: [1] };

/** The suite of `bench suite peers-wasm`. */
export const peersWasm: Suite = {
  name: 'peers-wasm',
  summary:
    "wasm-flash at 128 bits over ONNX Runtime Web's WebAssembly attention, in paired rounds, TensorFlow.js beside them (needs npm run peers)",
  // Its 32-bit build takes 2,896 tokens at head dimension 128 and no more.
  workloads: [
    ...expand({ ...mha, seq: [512, 1024, 2048] }),
    ...expand({ ...mha, seq: [2048], headDim: [64] }),
    ...expand({ ...gqa, seq: [2048] }),
  ],
  singleThread: expand({ ...mha, seq: [2048] }),
  kernels: ['wasm-flash', 'ort-wasm', 'tfjs-wasm'],
  baseline: 'ort-wasm',
  variant: 'simd-relaxed',
  samples: 7,
  budgetSeconds: 120,
};
