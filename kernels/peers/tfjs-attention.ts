/** Attention from TensorFlow.js's own operations, and the part of its interface that they need. */

/** A tensor of f32, on the backend. */
export interface TfTensor {
  dataSync(): Float32Array;
  dispose(): void;
}

/** The interface of @tensorflow/tfjs-core. */
export interface TensorFlow {
  version_core: string;
  setBackend(name: string): Promise<boolean>;
  ready(): Promise<void>;
  tidy<T>(work: () => T): T;
  tensor(values: Float32Array, shape: number[], type: 'float32'): TfTensor;
  transpose(x: TfTensor, order: number[]): TfTensor;
  slice(x: TfTensor, begin: number[], size: number[]): TfTensor;
  reshape(x: TfTensor, shape: number[]): TfTensor;
  mul(a: TfTensor, b: number): TfTensor;
  add(a: TfTensor, b: TfTensor): TfTensor;
  matMul(a: TfTensor, b: TfTensor): TfTensor;
  softmax(x: TfTensor): TfTensor;
  stack(list: TfTensor[]): TfTensor;
}

/** Sizes of an attention. */
export interface TfShape {
  batch: number;
  queryHeads: number;
  kvHeads: number;
  seqQuery: number;
  seqKv: number;
  headDim: number;
  scale: number;
}

/**
 * o [batch, seqQuery, queryHeads, headDim] of q in that layout and k and v [batch, seqKv, kvHeads, headDim]. `mask` is
 * [seqQuery, seqKv], 0 where a key is seen and far below any score elsewhere, or null. The products are of one head at a
 * time with K transposed before: only those does its WebAssembly backend give to XNNPACK; products of many heads at once,
 * and transposed ones, run in a plain loop there, at a tenth of the rate.
 */
export function tfAttention(
  tf: TensorFlow,
  { q, k, v, mask }: { q: TfTensor; k: TfTensor; v: TfTensor; mask: TfTensor | null },
  { batch, queryHeads, kvHeads, seqQuery, seqKv, headDim, scale }: TfShape,
): TfTensor {
  return tf.tidy(() => {
    const queries = tf.mul(tf.transpose(q, [0, 2, 1, 3]), scale);
    const keys = tf.transpose(k, [0, 2, 3, 1]);
    const values = tf.transpose(v, [0, 2, 1, 3]);
    const head = (x: TfTensor, b: number, h: number, rows: number, columns: number) =>
      tf.reshape(tf.slice(x, [b, h, 0, 0], [1, 1, rows, columns]), [rows, columns]);
    const outputs: TfTensor[] = [];
    for (let b = 0; b < batch; b += 1) {
      for (let h = 0; h < queryHeads; h += 1) {
        const own = Math.floor((h * kvHeads) / queryHeads);
        const output = tf.tidy(() => {
          const scores = tf.matMul(head(queries, b, h, seqQuery, headDim), head(keys, b, own, headDim, seqKv));
          const weights = tf.softmax(mask === null ? scores : tf.add(scores, mask));
          return tf.matMul(weights, head(values, b, own, seqKv, headDim));
        });
        outputs.push(output);
      }
    }
    const all = tf.reshape(tf.stack(outputs), [batch, queryHeads, seqQuery, headDim]);
    return tf.transpose(all, [0, 2, 1, 3]);
  });
}
