/** ONNX Runtime's attention on the CPU: the yardstick for the WebAssembly kernel. */

import type { Workload } from '../../src/workload.ts';
import type { Kernel } from '../kernel.ts';
import { unsupportedShape } from '../shapes.ts';
import { type OnnxTensor, writeOnnxModel } from './onnx.ts';

export const ortNative: Kernel = {
  name: 'ort-native',
  backend: 'peers',
  summary:
    "ONNX Runtime's native CPU attention: MultiHeadAttention, GroupQueryAttention where causal, Attention for full GQA",
  unsupported(w) {
    if (w.window !== null) return 'its sliding windows are not measured here; leave --window out';
    if (w.mask === 'causal' && w.seqQuery !== w.seqKv) {
      return 'its causal operator takes as many queries as keys; leave --seq-kv out';
    }
    return unsupportedShape(w);
  },
  // Whole heads: its operators know no blocks of rows.
  build: (w) => ({ kind: 'module', entry: 'ort-native', blockRows: w.seqQuery, wholeHeads: true }),
};

/** The model of a workload and its small inputs; q, k and v are [batch, seq, heads * headDim], as our tensors lie in memory. */
export function ortModel(w: Workload): {
  model: Uint8Array;
  extra: { name: string; shape: number[]; values: Int32Array }[];
} {
  const tensors: OnnxTensor[] = [
    { name: 'q', type: 'f32', shape: [w.batch, w.seqQuery, w.queryHeads * w.headDim] },
    { name: 'k', type: 'f32', shape: [w.batch, w.seqKv, w.kvHeads * w.headDim] },
    { name: 'v', type: 'f32', shape: [w.batch, w.seqKv, w.kvHeads * w.headDim] },
  ];
  const output: OnnxTensor = { name: 'o', type: 'f32', shape: [w.batch, w.seqQuery, w.queryHeads * w.headDim] };
  const scale = { float: w.scale };
  const inputs = ['q', 'k', 'v'];

  if (w.mask === 'causal') {
    // The only one of its operators that skips what the mask hides.
    const extra = [
      { name: 'lengths', shape: [w.batch], values: new Int32Array(w.batch).fill(w.seqKv - 1) },
      { name: 'total', shape: [], values: Int32Array.of(w.seqKv) },
    ];
    const node = {
      operator: 'GroupQueryAttention',
      domain: 'com.microsoft',
      inputs: [...inputs, '', '', 'lengths', 'total'],
      outputs: ['o', 'presentK', 'presentV'],
      attributes: { num_heads: { int: w.queryHeads }, kv_num_heads: { int: w.kvHeads }, scale },
    };
    const small = extra.map(({ name, shape }): OnnxTensor => ({ name, type: 'int32', shape }));
    return { model: writeOnnxModel(node, [...tensors, ...small], output), extra };
  }
  const node =
    w.queryHeads === w.kvHeads
      ? {
          operator: 'MultiHeadAttention',
          domain: 'com.microsoft',
          attributes: { num_heads: { int: w.queryHeads }, scale },
        }
      : {
          operator: 'Attention',
          domain: '',
          attributes: { q_num_heads: { int: w.queryHeads }, kv_num_heads: { int: w.kvHeads }, scale },
        };
  return { model: writeOnnxModel({ ...node, inputs, outputs: ['o'] }, tensors, output), extra: [] };
}
