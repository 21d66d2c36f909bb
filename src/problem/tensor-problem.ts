/** An attention problem from a safetensors file: q, k and v, and perhaps the o that is expected. */

import { headDimUnsupported } from '../messages.ts';
import type { Data } from './data.ts';
import { fitsHeadDims } from './head-dims.ts';
import { readSafetensors, SafetensorsError, type Tensor } from './safetensors.ts';
import type { Workload } from './workload.ts';

/** What a file of tensors does not say. */
export interface AttentionSettings {
  causal: boolean;
  /** Sliding window in tokens, or null. */
  window: number | null;
  /** Null: 1/sqrt(headDim). */
  scale: number | null;
}

/** A problem with the values of its tensors. */
export interface TensorProblem {
  workload: Workload;
  data: Data;
  /** The file's own o, if it has one. */
  expected: Tensor | undefined;
}

/** Reads the problem. Throws SafetensorsError if a tensor is missing or its shape fits no attention. */
export function readProblem(bytes: Uint8Array<ArrayBuffer>, settings: AttentionSettings): TensorProblem {
  const found = readSafetensors(bytes, ['q', 'k', 'v', 'o']);
  const required = (name: string): Tensor => {
    const tensor = found.get(name);
    if (tensor === undefined) throw new SafetensorsError(`it has no tensor '${name}'`);
    if (tensor.shape.length !== 4 || tensor.shape.includes(0)) {
      throw new SafetensorsError(`${shapeOf(name, tensor)}; [batch, seq, heads, headDim] is needed`);
    }
    return tensor;
  };
  const [q, k, v] = [required('q'), required('k'), required('v')];
  const expected = found.get('o');
  const workload = workloadOf(q, k, v, expected, settings);
  return { workload, data: { kind: 'values', q: q.values, k: k.values, v: v.values }, expected };
}

const shapeOf = (name: string, { shape }: Tensor) => `tensor '${name}' has shape [${shape.join(', ')}]`;

function workloadOf(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  o: Tensor | undefined,
  { causal, window, scale }: AttentionSettings,
): Workload {
  const [batch = 0, seqQuery = 0, queryHeads = 0, headDim = 0] = q.shape;
  const [, seqKv = 0, kvHeads = 0] = k.shape;
  const same = (name: string, tensor: Tensor, shape: number[]) => {
    if (shape.some((size, i) => size !== tensor.shape[i])) {
      throw new SafetensorsError(`${shapeOf(name, tensor)}; [${shape.join(', ')}] fits the others`);
    }
  };
  same('k', k, [batch, seqKv, kvHeads, headDim]);
  same('v', v, k.shape);
  if (o !== undefined) same('o', o, q.shape);
  if (queryHeads % kvHeads !== 0) {
    throw new SafetensorsError(`${queryHeads} query heads cannot share ${kvHeads} KV heads`);
  }
  if (!fitsHeadDims(headDim)) throw new SafetensorsError(headDimUnsupported(headDim));
  const mask = causal ? 'causal' : 'full';
  const factor = scale ?? 1 / Math.sqrt(headDim);
  return { batch, queryHeads, kvHeads, headDim, seqQuery, seqKv, mask, window, dtype: 'f32', scale: factor };
}
