/** A host for ONNX Runtime's attention on the CPU, native or compiled to WebAssembly; a session run is a pass. */

import { type OrtBuild, ortModel } from '../../../kernels/peers/ort-model.ts';
import { sliceFlops, sliceShape } from '../../problem/slice.ts';
import type { Host } from '../contract.ts';
import { sampleOf } from '../cpu/sample.ts';
import { outputReads } from '../output-reads.ts';
import { NO_FEATURES, NO_WORKGROUPS } from '../plain-device.ts';
import { createPoison, type Poisoned } from '../poison.ts';
import { createPreparedTable } from '../prepared-table.ts';
import { createTensors, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { wallClock } from '../wall-clock.ts';
import { loadOrt, type OrtSession, type OrtTensor } from './ort-install.ts';
import { cpuName, spareMemoryBytes } from './this-machine.ts';

interface PreparedOrtCpu {
  session: OrtSession<OrtTensor>;
  feeds: Record<string, OrtTensor>;
  fetches: readonly string[] | Record<string, OrtTensor>;
  output: Float32Array;
  poisoned: Poisoned;
  layout: TensorLayout;
  flops: number;
}

/** What a build is called in its registry, what is imported of it, and the memory that it can address. */
const BUILDS = {
  native: { name: 'onnxruntime-node', entry: 'onnxruntime-node', memoryBytes: Number.POSITIVE_INFINITY },
  // A 32-bit WebAssembly memory.
  wasm: { name: 'onnxruntime-web', entry: 'onnxruntime-web/wasm', memoryBytes: 2 ** 32 },
} as const;

/** A host of a build that runs on `threads` threads. Throws with the command that installs it where it is missing. */
export async function createOrtCpuHost(build: OrtBuild, threads: number): Promise<Host> {
  const { name, entry, memoryBytes } = BUILDS[build];
  const ort = loadOrt(entry);
  if (build === 'wasm') ort.env.wasm.numThreads = threads;
  const table = createPreparedTable<PreparedOrtCpu>();
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
          name: cpuName(),
          backend: build,
          library: 'onnxruntime',
          software: false,
          features: [`${name} ${ort.env.versions.common}`, 'spinning off'],
          threads,
          variant: build === 'wasm' ? 'wasm' : null,
          variantReason: null,
          clock: wallClock(),
        },
        deviceLimits: {},
        limits: {
          memoryBytes: Math.min(spareMemoryBytes(), memoryBytes),
          tensorBytes: 2 ** 32,
          ...NO_WORKGROUPS,
        },
        features: NO_FEATURES,
      };
    },
    async compile() {
      return 0;
    },
    async prepare({ workload: w, slice, data }) {
      const begin = performance.now();
      const { model, queryShape, keyShape, extra } = ortModel(sliceShape(w, slice), build);
      const session = await ort.InferenceSession.create(model, options);
      const middle = performance.now();
      const layout = layoutOf(w, slice);
      const { q, k, v, o } = createTensors(data, w, slice, layout);
      const feeds: Record<string, OrtTensor> = {
        q: new ort.Tensor('float32', q, queryShape),
        k: new ort.Tensor('float32', k, keyShape),
        v: new ort.Tensor('float32', v, keyShape),
      };
      for (const { name: input, shape, values } of extra) feeds[input] = new ort.Tensor('int32', values, shape);
      // Natively a tensor to write into, so that no output is allocated in the timed call. The WebAssembly build copies
      // its inputs in and its outputs out in every call, into an array of its own, and leaves a tensor that it is given as it was.
      const fetches = build === 'wasm' ? ['o'] : { o: new ort.Tensor('float32', o, queryShape) };
      const poisoned = createPoison(o, layout);
      const id = table.add({ session, feeds, fetches, output: o, poisoned, layout, flops: sliceFlops(w, slice) });
      return { id, compileSeconds: (middle - begin) / 1000, prepareSeconds: (performance.now() - middle) / 1000 };
    },
    async run(id) {
      const prepared = table.get(id);
      return sampleOf(prepared.flops, async () => {
        prepared.poisoned.poison();
        const begin = performance.now();
        const { o } = await prepared.session.run(prepared.feeds, prepared.fetches);
        const seconds = (performance.now() - begin) / 1000;
        if (o === undefined) throw new Error('the session gave no output o');
        prepared.output = o.data;
        prepared.poisoned.check(o.data);
        return seconds;
      });
    },
    ...outputReads(table.get),
    async dispose(id) {
      await table.take(id).session.release();
    },
    async close() {},
  };
}
