/** Runs ONNX Runtime's attention on the CPU, from the separate install of kernels/peers, behind the contract of every host. */

import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { ortModel } from '../../../kernels/peers/ort-native.ts';
import { peersMissing } from '../../messages.ts';
import { sliceFlops, sliceShape } from '../../slice.ts';
import { wallClock } from '../clock.ts';
import type { Host } from '../host.ts';
import { fillTensors, type Layout, layoutOf } from '../layout.ts';
import { createTable } from '../table.ts';

/** The part of onnxruntime-node that is used here, so that the project checks without it. */
interface Ort {
  env: { versions: { common: string } };
  Tensor: new (type: 'float32' | 'int32', values: Float32Array | Int32Array, shape: number[]) => OrtTensor;
  InferenceSession: { create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession> };
}
interface OrtTensor {
  data: unknown;
  dispose?(): void;
}
interface OrtSession {
  run(feeds: Record<string, OrtTensor>, fetches: Record<string, OrtTensor>): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

interface Entry {
  session: OrtSession;
  feeds: Record<string, OrtTensor>;
  fetches: Record<string, OrtTensor>;
  output: Float32Array;
  layout: Layout;
  headDim: number;
  flops: number;
}

/** The peers' folder: beside the sources in a checkout, where `npm run peers` fills it. */
export const PEERS = new URL('../../../kernels/peers/package.json', import.meta.url);

function loadOrt(): Ort {
  try {
    return createRequire(PEERS)('onnxruntime-node') as Ort;
  } catch (error) {
    throw new Error(peersMissing(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)));
  }
}

/** A host that runs on `threads` threads. */
export async function createOrtHost(threads: number): Promise<Host> {
  const ort = loadOrt();
  const table = createTable<Entry>();
  const options = {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Its pool otherwise burns some 40 ms of CPU after each run, into the next contender's sample.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  };
  return {
    async environment() {
      return {
        device: {
          name: cpus()[0]?.model.trim() ?? 'unnamed CPU',
          backend: 'peers',
          software: false,
          features: [`onnxruntime-node ${ort.env.versions.common}`, 'spinning off'],
          threads,
          variant: null,
          variantReason: null,
          clock: wallClock(),
        },
        deviceLimits: {},
        limits: {
          memoryBytes: Math.floor(totalmem() * 0.8),
          tensorBytes: 2 ** 32,
          workgroupMemoryBytes: Number.POSITIVE_INFINITY,
          workgroupInvocations: Number.POSITIVE_INFINITY,
        },
        features: { relaxedSimd: false, simd256: false, f16: false },
      };
    },
    async compile() {
      return 0;
    },
    async prepare({ workload: w, slice, data }) {
      const begin = performance.now();
      const { model, extra } = ortModel(sliceShape(w, slice));
      const session = await ort.InferenceSession.create(model, options);
      const middle = performance.now();
      const layout = layoutOf(w, slice);
      const { shape } = layout;
      const q = new Float32Array(layout.qElements);
      const k = new Float32Array(layout.kvElements);
      const v = new Float32Array(layout.kvElements);
      const output = new Float32Array(layout.qElements).fill(Number.NaN);
      fillTensors(data, w, slice, { q, k, v });
      const queries = [shape.batch, shape.seqQuery, shape.queryHeads * w.headDim];
      const keys = [shape.batch, w.seqKv, shape.kvHeads * w.headDim];
      const feeds: Record<string, OrtTensor> = {
        q: new ort.Tensor('float32', q, queries),
        k: new ort.Tensor('float32', k, keys),
        v: new ort.Tensor('float32', v, keys),
      };
      for (const { name, shape: size, values } of extra) feeds[name] = new ort.Tensor('int32', values, size);
      // A tensor to write into, so that no output is allocated in the timed call.
      const fetches = { o: new ort.Tensor('float32', output, queries) };
      const flops = sliceFlops(w, slice);
      const id = table.add({ session, feeds, fetches, output, layout, headDim: w.headDim, flops });
      return { id, compileSeconds: (middle - begin) / 1000, prepareSeconds: (performance.now() - middle) / 1000 };
    },
    async run(id) {
      const { session, feeds, fetches, flops } = table.get(id);
      const begin = performance.now();
      await session.run(feeds, fetches);
      return { seconds: (performance.now() - begin) / 1000, flops, clock: 'wall' };
    },
    async read(id, rows) {
      const { output, layout, headDim } = table.get(id);
      return rows.map((address) => output.slice(layout.locate(address), layout.locate(address) + headDim));
    },
    async dispose(id) {
      await table.take(id).session.release();
    },
    async close() {},
  };
}
