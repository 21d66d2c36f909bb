/** ONNX's operator Attention (opset 23) on onnxruntime-node's CPU provider: an oracle that others wrote. */

import { type OnnxTensor, writeOnnxModel } from '../../kernels/peers/onnx.ts';
import { loadOrt, type OrtCpu, type OrtTensor } from '../../src/host/node/ort-install.ts';
import { type CaseTensors, type ConformanceCase, operatorMask } from './cases.ts';

/** Answers a case: o as [batch, seqQuery, queryHeads, headDimV]. */
export type Operator = (c: ConformanceCase, tensors: CaseTensors) => Promise<Float32Array>;

/** Opens ONNX Runtime. Throws with the command that installs it where it is missing. */
export function openOperator(): { version: string; answer: Operator } {
  const ort = loadOrt('onnxruntime-node');
  return { version: ort.env.versions.common, answer: (c, tensors) => answer(ort, c, tensors) };
}

async function answer(ort: OrtCpu, c: ConformanceCase, tensors: CaseTensors): Promise<Float32Array> {
  const { batch, queryHeads, kvHeads, headDim, headDimV, seqQuery, seqKv } = c;
  const shapeOf = (seq: number, heads: number, dim: number) =>
    c.layout === '3d' ? [batch, seq, heads * dim] : [batch, heads, seq, dim];
  const order = (values: Float32Array, seq: number, dim: number) =>
    c.layout === '3d' ? values : swapAxes(values, batch, seq, dim);
  const inputs: OnnxTensor[] = [
    { name: 'q', type: 'f32', shape: shapeOf(seqQuery, queryHeads, headDim) },
    { name: 'k', type: 'f32', shape: shapeOf(seqKv, kvHeads, headDim) },
    { name: 'v', type: 'f32', shape: shapeOf(seqKv, kvHeads, headDimV) },
  ];
  const values = [order(tensors.q, seqQuery, headDim), order(tensors.k, seqKv, headDim)];
  values.push(order(tensors.v, seqKv, headDimV));
  const feeds: Record<string, OrtTensor> = {};
  inputs.forEach(({ name, shape }, index) => {
    feeds[name] = new ort.Tensor('float32', values[index] as Float32Array, shape);
  });
  const mask = operatorMask(c, tensors);
  if (mask !== undefined) {
    const boolean = mask.kind === 'boolean';
    // Without batches and heads it is given two axes, which the operator broadcasts.
    const shape = mask.shape[0] === 1 && mask.shape[1] === 1 ? mask.shape.slice(2) : [...mask.shape];
    inputs.push({ name: 'mask', type: boolean ? 'bool' : 'f32', shape });
    feeds['mask'] = boolean
      ? new ort.Tensor(
          'bool',
          Uint8Array.from(mask.values, (value) => Number(Number.isFinite(value))),
          shape,
        )
      : new ort.Tensor('float32', mask.values, shape);
  }
  const attributes = {
    ...(c.layout === '3d' ? { q_num_heads: { int: queryHeads }, kv_num_heads: { int: kvHeads } } : {}),
    ...(c.causal === 'attribute' ? { is_causal: { int: 1 } } : {}),
    ...(c.scale === null ? {} : { scale: { float: c.scale } }),
    ...(c.softcap === null ? {} : { softcap: { float: c.softcap } }),
  };
  const names = inputs.map(({ name }) => name);
  const node = { operator: 'Attention', domain: '', inputs: names, outputs: ['o'], attributes };
  const output: OnnxTensor = { name: 'o', type: 'f32', shape: shapeOf(seqQuery, queryHeads, headDimV) };
  const session = await ort.InferenceSession.create(writeOnnxModel(node, inputs, output), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
  });
  try {
    const { o } = await session.run(feeds, ['o']);
    if (o === undefined) throw new Error('the session gave no output o');
    return c.layout === '3d' ? o.data : swapAxes(o.data, batch, queryHeads, headDimV);
  } finally {
    await session.release();
  }
}

/** [batch, first, second, dim] as [batch, second, first, dim]. */
function swapAxes(values: Float32Array, batch: number, first: number, dim: number): Float32Array {
  const second = values.length / batch / first / dim;
  const result = new Float32Array(values.length);
  for (let row = 0; row < values.length / dim; row += 1) {
    const [b, i, j] = [Math.floor(row / second / first), Math.floor(row / second) % first, row % second];
    result.set(values.subarray(row * dim, (row + 1) * dim), ((b * second + j) * first + i) * dim);
  }
  return result;
}
