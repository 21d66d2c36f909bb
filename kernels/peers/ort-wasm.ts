/**
 * ONNX Runtime's attention compiled to WebAssembly, as it runs in a browser without a GPU: the yardstick at 128 bits.
 */

import { peerCountsIn32Bits } from '../../src/messages.ts';
import type { Kernel } from '../kernel.ts';
import { ortNative } from './ort-native.ts';

/** Its build counts the operations of a head's product, 2 x queries x keys x headDim, in a signed 32-bit integer. */
const MOST_OPERATIONS = 2 ** 31 - 1;

/** The same operators at 128 bits, for heads short enough for its 32-bit counters. */
export const ortWasm: Kernel = {
  ...ortNative,
  name: 'ort-wasm',
  backend: 'wasm',
  summary: "ONNX Runtime Web's CPU attention in WebAssembly: MultiHeadAttention, Attention where heads are grouped",
  unsupported(w, device) {
    if (2 * w.seqQuery * w.seqKv * w.headDim > MOST_OPERATIONS) {
      return peerCountsIn32Bits(w.headDim, Math.floor(Math.sqrt(MOST_OPERATIONS / 2 / w.headDim)));
    }
    return ortNative.unsupported(w, device);
  },
  build: (w) => ({ kind: 'module', entry: 'ort-wasm', blockRows: w.seqQuery }),
};
