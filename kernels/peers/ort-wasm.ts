/**
 * ONNX Runtime's attention compiled to WebAssembly, as it runs in a browser without a GPU: the yardstick at 128 bits.
 */

import type { Kernel } from '../kernel.ts';
import { ortNative } from './ort-native.ts';

/** Its build counts the operations of a head's product, 2 x queries x keys x headDim, in a signed 32-bit integer. */
const MOST_OPERATIONS = 2 ** 31 - 1;

/** The same operators at 128 bits, for heads short enough for its 32-bit counters. */
export const ortWasm: Kernel = {
  ...ortNative,
  name: 'ort-wasm',
  summary: "ONNX Runtime Web's CPU attention in WebAssembly: MultiHeadAttention, Attention where heads are grouped",
  target: 'wasm',
  unsupported(w, device) {
    if (2 * w.seqQuery * w.seqKv * w.headDim > MOST_OPERATIONS) {
      const most = Math.floor(Math.sqrt(MOST_OPERATIONS / 2 / w.headDim));
      return `its 32-bit build cannot count the operations of a head so long; at head dimension ${w.headDim} it takes ${most} tokens, for example --seq 2k`;
    }
    return ortNative.unsupported(w, device);
  },
  build: (w) => ({ kind: 'module', entry: 'ort-wasm', blockRows: w.seqQuery }),
};
