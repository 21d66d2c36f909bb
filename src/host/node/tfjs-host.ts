/** A host for attention from TensorFlow.js's operations on its WebAssembly backend; a call is a pass. */

import { type TensorFlow, type TfTensor, tfAttention } from '../../../kernels/peers/tfjs-attention.ts';
import { sliceFlops, sliceShape } from '../../problem/slice.ts';
import { keyRange, type Workload } from '../../problem/workload.ts';
import type { Host } from '../contract.ts';
import { sampleOf } from '../cpu/sample.ts';
import { outputReads } from '../output-reads.ts';
import { NO_FEATURES, NO_WORKGROUPS } from '../plain-device.ts';
import { createPoison, type Poisoned } from '../poison.ts';
import { createPreparedTable } from '../prepared-table.ts';
import { createTensors, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { wallClock } from '../wall-clock.ts';
import { loadPeer } from './ort-install.ts';
import { cpuName, spareMemoryBytes } from './this-machine.ts';

interface PreparedTf {
  tensors: { q: TfTensor; k: TfTensor; v: TfTensor; mask: TfTensor | null };
  shape: Workload;
  output: Float32Array;
  poisoned: Poisoned;
  layout: TensorLayout;
  flops: number;
}

/** Added to scores of keys that a row does not see. */
const HIDDEN = -1e30;

/** A host on one thread: in Node its backend uses no more. Throws with the command that installs it where it is missing. */
export async function createTfjsHost(): Promise<Host> {
  const tf = loadPeer('@tensorflow/tfjs-core') as TensorFlow;
  loadPeer('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  await tf.ready();
  const table = createPreparedTable<PreparedTf>();
  return {
    async environment() {
      return {
        device: {
          name: cpuName(),
          backend: 'wasm',
          library: 'tensorflow',
          software: false,
          features: [`@tensorflow/tfjs-core ${tf.version_core}`],
          threads: 1,
          variant: 'wasm',
          variantReason: null,
          clock: wallClock(),
        },
        deviceLimits: {},
        limits: { memoryBytes: Math.min(spareMemoryBytes(), 2 ** 32), tensorBytes: 2 ** 31, ...NO_WORKGROUPS },
        features: NO_FEATURES,
      };
    },
    async compile() {
      return 0;
    },
    async prepare({ workload: w, slice, data }) {
      const begin = performance.now();
      const layout = layoutOf(w, slice);
      const shape = sliceShape(w, slice);
      const { q, k, v, o } = createTensors(data, w, slice, layout);
      const queries = [shape.batch, shape.seqQuery, shape.queryHeads, w.headDim];
      const keys = [shape.batch, w.seqKv, shape.kvHeads, w.headDim];
      const tensors = {
        q: tf.tensor(q, queries, 'float32'),
        k: tf.tensor(k, keys, 'float32'),
        v: tf.tensor(v, keys, 'float32'),
        mask: maskOf(tf, w),
      };
      const poisoned = createPoison(o, layout);
      const id = table.add({ tensors, shape, output: o, poisoned, layout, flops: sliceFlops(w, slice) });
      return { id, compileSeconds: 0, prepareSeconds: (performance.now() - begin) / 1000 };
    },
    async run(id) {
      const prepared = table.get(id);
      return sampleOf(prepared.flops, () => {
        prepared.poisoned.poison();
        const begin = performance.now();
        const output = tfAttention(tf, prepared.tensors, prepared.shape);
        // Operations run as they are called; this copies the output out of WebAssembly's memory.
        const values = output.dataSync();
        const seconds = (performance.now() - begin) / 1000;
        output.dispose();
        prepared.output = values;
        prepared.poisoned.check(values);
        return seconds;
      });
    },
    ...outputReads(table.get),
    async dispose(id) {
      const { q, k, v, mask } = table.take(id).tensors;
      for (const tensor of [q, k, v, ...(mask === null ? [] : [mask])]) tensor.dispose();
    },
    async close() {},
  };
}

/** What is added to the scores of a head; null where every row sees every key. */
function maskOf(tf: TensorFlow, w: Workload): TfTensor | null {
  if (w.mask === 'full' || w.seqQuery === 1) return null;
  const values = new Float32Array(w.seqQuery * w.seqKv).fill(HIDDEN);
  for (let row = 0; row < w.seqQuery; row += 1) {
    const { low, high } = keyRange(w, row);
    values.fill(0, row * w.seqKv + low, row * w.seqKv + high);
  }
  return tf.tensor(values, [w.seqQuery, w.seqKv], 'float32');
}
