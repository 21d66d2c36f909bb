/** TensorFlow.js's operations in WebAssembly: attention as a library without an operator for it computes it. */

import type { Kernel } from '../kernel.ts';
import { ortNative } from './ort-native.ts';

/** Two matrix products and a softmax for each head, every score in memory; in Node on one thread, which is all it takes there. */
export const tfjsWasm: Kernel = {
  name: 'tfjs-wasm',
  backend: 'wasm',
  library: 'tensorflow',
  summary:
    "TensorFlow.js's WebAssembly backend: matMul, softmax, matMul for each head (kernels/peers/tfjs-attention.ts)",
  unsupported: (w, device) => ortNative.unsupported(w, device),
  // Whole heads: its operations know no blocks of rows.
  build: (w) => ({ kind: 'module', entry: 'tfjs-wasm', blockRows: w.seqQuery }),
};
