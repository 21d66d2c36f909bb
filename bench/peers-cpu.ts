/** The kernels in machine code and in WebAssembly beside ONNX Runtime's native CPU attention, the same whole heads on both sides; prefill, then decoding. */

import type { Suite } from '../src/problem/cases.ts';
import { type Axes, expand, presetAxes } from '../src/problem/sweep.ts';

const mha: Axes = { ...presetAxes('mha'), batch: [1] };
const gqa: Axes = { ...presetAxes('gqa'), batch: [1] };
/** One query, which under a causal mask sees every key. */
const decode: Partial<Axes> = { seq: [1], seqKv: [4096, 32768], masks: ['causal'] };

/** The suite of `bench suite peers-cpu`. */
export const peersCpu: Suite = {
  name: 'peers-cpu',
  summary: "x64-flash and wasm-flash over ONNX Runtime's native CPU attention, in paired rounds (needs ONNX Runtime)",
  workloads: [
    ...expand({ ...mha, seq: [4096, 8192, 32768] }),
    ...expand({ ...mha, seq: [4096], headDim: [64] }),
    ...expand({ ...gqa, seq: [4096, 16384] }),
    ...expand({ ...mha, ...decode }),
    ...expand({ ...gqa, ...decode }),
    ...expand({ ...gqa, ...decode, heads: [64], kvHeads: [8], headDim: [64] }),
  ],
  singleThread: expand({ ...mha, seq: [4096] }),
  kernels: ['x64-flash', 'wasm-flash', 'ort-native'],
  baseline: 'ort-native',
  samples: 7,
  budgetSeconds: 360,
};
