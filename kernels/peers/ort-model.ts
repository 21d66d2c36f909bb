/** ONNX models of one attention node, and which of ONNX Runtime's operators computes a workload. */

import type { Workload } from '../../src/problem/workload.ts';
import { type OnnxNode, type OnnxTensor, writeOnnxModel } from './onnx.ts';

/** 'native': onnxruntime-node and the WebGPU provider. 'wasm': the CPU provider compiled to WebAssembly. */
export type OrtBuild = 'native' | 'wasm';

/** A model of one attention node in ONNX's format. Its tensors are f32. */
export interface OrtModel {
  model: Uint8Array;
  /** [batch, seqQuery, queryHeads * headDim], of q and o. */
  queryShape: number[];
  /** [batch, seqKv, kvHeads * headDim], of k and v. */
  keyShape: number[];
  /** Inputs beside q, k and v. */
  extra: { name: string; shape: number[]; values: Int32Array }[];
}

type Operator = Pick<OnnxNode, 'operator' | 'domain' | 'attributes'>;

/**
 * The model of a workload and its small inputs; q, k and v are [batch, seq, heads * headDim], as our tensors lie in
 * memory. Causal masks take GroupQueryAttention, the only operator that skips what the mask hides, except in the
 * WebAssembly build: there the operators that compute all scores and mask them are ten times as fast (22 against 1.7
 * GFLOPS at 2k, two threads).
 */
export function ortModel(w: Workload, build: OrtBuild = 'native'): OrtModel {
  // One query, the last, sees every key.
  const causal = w.mask === 'causal' && w.seqQuery > 1;
  if (causal && build === 'native') return groupQueryModel(w);
  const node = w.queryHeads === w.kvHeads ? multiHead(w, causal) : grouped(w, causal);
  const { inputs, output, queryShape, keyShape } = tensors(w);
  const names = inputs.map(({ name }) => name);
  const model = writeOnnxModel({ ...node, inputs: names, outputs: ['o'] }, inputs, output);
  return { model, queryShape, keyShape, extra: [] };
}

function multiHead(w: Workload, causal: boolean): Operator {
  const attributes = { num_heads: { int: w.queryHeads }, scale: { float: w.scale } };
  const mask = causal ? { unidirectional: { int: 1 } } : {};
  return { operator: 'MultiHeadAttention', domain: 'com.microsoft', attributes: { ...attributes, ...mask } };
}

function grouped(w: Workload, causal: boolean): Operator {
  const heads = { q_num_heads: { int: w.queryHeads }, kv_num_heads: { int: w.kvHeads } };
  const mask = causal ? { is_causal: { int: 1 } } : {};
  return { operator: 'Attention', domain: '', attributes: { ...heads, scale: { float: w.scale }, ...mask } };
}

function groupQueryModel(w: Workload): OrtModel {
  const extra = [
    { name: 'lengths', shape: [w.batch], values: new Int32Array(w.batch).fill(w.seqKv - 1) },
    { name: 'total', shape: [], values: Int32Array.of(w.seqKv) },
  ];
  const { inputs, output, queryShape, keyShape } = tensors(w);
  const node = {
    operator: 'GroupQueryAttention',
    domain: 'com.microsoft',
    inputs: ['q', 'k', 'v', '', '', 'lengths', 'total'],
    outputs: ['o', 'presentK', 'presentV'],
    attributes: { num_heads: { int: w.queryHeads }, kv_num_heads: { int: w.kvHeads }, scale: { float: w.scale } },
  };
  const small = extra.map(({ name, shape }): OnnxTensor => ({ name, type: 'int32', shape }));
  return { model: writeOnnxModel(node, [...inputs, ...small], output), queryShape, keyShape, extra };
}

function tensors(w: Workload) {
  const queryShape = [w.batch, w.seqQuery, w.queryHeads * w.headDim];
  const keyShape = [w.batch, w.seqKv, w.kvHeads * w.headDim];
  const inputs: OnnxTensor[] = [
    { name: 'q', type: 'f32', shape: queryShape },
    { name: 'k', type: 'f32', shape: keyShape },
    { name: 'v', type: 'f32', shape: keyShape },
  ];
  const output: OnnxTensor = { name: 'o', type: 'f32', shape: queryShape };
  return { inputs, output, queryShape, keyShape };
}
