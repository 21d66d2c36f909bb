/** ONNX Runtime's attention on the CPU: the yardstick for the WebAssembly kernel. */

import { peerTakesEqualLengths, peerTakesNoWindow } from '../../src/messages.ts';
import type { Kernel } from '../kernel.ts';
import { TILED_HEAD_DIMS, unsupportedScores, unsupportedShape } from '../supported-shapes.ts';

/** q, k, v and o are f32 [batch, seq, heads * headDim], as they lie in memory here; one work tile is a whole head. */
export const ortNative: Kernel = {
  name: 'ort-native',
  backend: 'native',
  library: 'onnxruntime',
  summary:
    "ONNX Runtime's native CPU attention: MultiHeadAttention, GroupQueryAttention where causal, Attention for full GQA",
  unsupported(w) {
    if (w.window !== null) return peerTakesNoWindow;
    // The last query, by itself, sees every key.
    if (w.mask === 'causal' && w.seqQuery !== w.seqKv && w.seqQuery !== 1) return peerTakesEqualLengths;
    return unsupportedScores(w) ?? unsupportedShape(w, ['f32'], TILED_HEAD_DIMS);
  },
  // Whole heads: its operators know no blocks of rows.
  build: (w) => ({ kind: 'module', entry: 'ort-native', blockRows: w.seqQuery }),
};
