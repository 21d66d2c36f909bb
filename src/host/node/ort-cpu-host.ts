/**
 * Runs ONNX Runtime's attention on the CPU, native or compiled to WebAssembly, from the separate install of kernels/peers,
 * behind the contract of every host.
 */

import { createRequire } from 'node:module';
import { cpus, totalmem } from 'node:os';
import { type OrtBuild, ortModel } from '../../../kernels/peers/ort-model.ts';
import { firstLineOf, peersMissing } from '../../messages.ts';
import { sliceFlops, sliceShape } from '../../problem/slice.ts';
import type { Host } from '../contract.ts';
import { createPreparedTable } from '../prepared-table.ts';
import { fillTensors, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { wallClock } from '../wall-clock.ts';

/** The part of onnxruntime-node and onnxruntime-web that is used here, so that the project checks without them. */
interface Ort {
  env: { versions: { common: string }; wasm: { numThreads: number } };
  Tensor: new (type: 'float32' | 'int32', values: Float32Array | Int32Array, shape: number[]) => OrtTensor;
  InferenceSession: { create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession> };
}
interface OrtTensor {
  data: Float32Array;
}
/** Names of outputs, or tensors to write them into. */
type Fetches = readonly string[] | Record<string, OrtTensor>;
interface OrtSession {
  run(feeds: Record<string, OrtTensor>, fetches: Fetches): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
}

interface PreparedOrt {
  session: OrtSession;
  feeds: Record<string, OrtTensor>;
  fetches: Fetches;
  output: Float32Array;
  layout: TensorLayout;
  headDim: number;
  flops: number;
}

/** The peers' folder: beside the sources in a checkout, where `npm run peers` fills it. */
export const PEERS = new URL('../../../kernels/peers/package.json', import.meta.url);

/** What a build is called in its registry, and where its entry is. */
const BUILDS = {
  native: { name: 'onnxruntime-node', entry: 'onnxruntime-node', memoryBytes: Number.POSITIVE_INFINITY },
  // A 32-bit WebAssembly memory.
  wasm: { name: 'onnxruntime-web', entry: 'onnxruntime-web/wasm', memoryBytes: 2 ** 32 },
} as const;

function loadOrt(build: OrtBuild): Ort {
  try {
    return createRequire(PEERS)(BUILDS[build].entry) as Ort;
  } catch (error) {
    throw new Error(peersMissing(firstLineOf(error)));
  }
}

/** A host of a build that runs on `threads` threads. */
export async function createOrtCpuHost(build: OrtBuild, threads: number): Promise<Host> {
  const ort = loadOrt(build);
  const { name: packageName, memoryBytes } = BUILDS[build];
  if (build === 'wasm') ort.env.wasm.numThreads = threads;
  const table = createPreparedTable<PreparedOrt>();
  const options = {
    executionProviders: [build === 'wasm' ? 'wasm' : 'cpu'],
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
          features: [`${packageName} ${ort.env.versions.common}`, 'spinning off'],
          threads,
          variant: build === 'wasm' ? 'wasm' : null,
          variantReason: null,
          clock: wallClock(),
        },
        deviceLimits: {},
        limits: {
          memoryBytes: Math.min(Math.floor(totalmem() * 0.8), memoryBytes),
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
      const { model, extra } = ortModel(sliceShape(w, slice), build);
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
      // Natively a tensor to write into, so that no output is allocated in the timed call. The WebAssembly build copies its
      // inputs in and its outputs out in every call, and leaves a tensor that it is given as it was.
      const fetches = build === 'wasm' ? ['o'] : { o: new ort.Tensor('float32', output, queries) };
      const flops = sliceFlops(w, slice);
      const id = table.add({ session, feeds, fetches, output, layout, headDim: w.headDim, flops });
      return { id, compileSeconds: (middle - begin) / 1000, prepareSeconds: (performance.now() - middle) / 1000 };
    },
    async run(id) {
      const entry = table.get(id);
      const begin = performance.now();
      const { o } = await entry.session.run(entry.feeds, entry.fetches);
      const seconds = (performance.now() - begin) / 1000;
      if (o === undefined) throw new Error('the session gave no output o');
      entry.output = o.data;
      return { seconds, flops: entry.flops, clock: 'wall' };
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
