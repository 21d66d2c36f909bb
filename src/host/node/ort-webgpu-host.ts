/**
 * Runs ONNX Runtime's WebGPU attention, its WebAssembly build over the same Dawn and adapter as our own kernels, from the
 * separate install of kernels/peers.
 */

import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import { ortModel } from '../../../kernels/peers/ort-model.ts';
import { firstLineOf, peersMissing } from '../../messages.ts';
import { sliceFlops, sliceShape } from '../../problem/slice.ts';
import type { Host } from '../contract.ts';
import { describeAdapter } from '../gpu/open-device.ts';
import { BUFFER_USAGE, MAP_MODE_READ } from '../gpu/usage-flags.ts';
import { createPreparedTable } from '../prepared-table.ts';
import type { WebgpuOptions } from '../role.ts';
import { fillTensors, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { wallClock } from '../wall-clock.ts';
import { openAdapter } from './dawn.ts';
import { PEERS } from './ort-cpu-host.ts';

/** The part of onnxruntime-web that is used here, so that the project checks without it. */
interface OrtWeb {
  env: {
    logLevel: string;
    versions: { common: string };
    wasm: { numThreads: number };
    /** The device that the provider opened, once there is a session. */
    webgpu: { device: GPUDevice | Promise<GPUDevice> };
  };
  Tensor: {
    new (type: 'int32', values: Int32Array, shape: number[]): unknown;
    fromGpuBuffer(buffer: GPUBuffer, options: { dataType: 'float32'; dims: number[] }): unknown;
  };
  InferenceSession: { create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtWebSession> };
}
interface OrtWebSession {
  run(feeds: Record<string, unknown>, fetches: Record<string, unknown>): Promise<unknown>;
  release(): Promise<void>;
}

interface PreparedOrt {
  session: OrtWebSession;
  device: GPUDevice;
  feeds: Record<string, unknown>;
  fetches: Record<string, unknown>;
  buffers: GPUBuffer[];
  output: GPUBuffer;
  layout: TensorLayout;
  headDim: number;
  flops: number;
}

/**
 * The smallest subgroup that its fused kernel reads keys across: it shuffles over 8 lanes at least, and in smaller
 * subgroups reads other keys' scores (onnxruntime 1.30 on subgroups of 4: relative error 0.6 at 512 keys).
 */
const LEAST_SUBGROUP = 8;
const SUBGROUP_FEATURES = ['subgroups', 'subgroup-size-control', 'chromium-experimental-subgroup-matrix'];

/** Opens the adapter that the options ask for, and has the provider find only that one. Throws with the reason. */
export async function createOrtWebgpuHost(options: WebgpuOptions): Promise<Host> {
  let ort: OrtWeb;
  try {
    ort = createRequire(PEERS)('onnxruntime-web/webgpu') as OrtWeb;
  } catch (error) {
    throw new Error(peersMissing(firstLineOf(error)));
  }
  const adapter = await openAdapter(options);
  const { name, software, limits } = describeAdapter(adapter);
  const smallest = (adapter.info as { subgroupMinSize?: number }).subgroupMinSize ?? 0;
  const withSubgroups = adapter.features.has('subgroups') && smallest >= LEAST_SUBGROUP;
  // The provider asks navigator.gpu, as it would in a browser: once for each session, since an adapter gives one device.
  const requestAdapter = async () => {
    const fresh = await openAdapter(options);
    return withSubgroups ? fresh : withoutFeatures(fresh, SUBGROUP_FEATURES);
  };
  Object.defineProperty(globalThis.navigator, 'gpu', { value: { requestAdapter } });
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = 1;

  const table = createPreparedTable<PreparedOrt>();
  return {
    async environment() {
      const { common } = ort.env.versions;
      const subgroups = withSubgroups ? 'with subgroups' : `without subgroups (the adapter's are of ${smallest})`;
      return {
        device: {
          name,
          backend: 'peers',
          software,
          features: [`onnxruntime-web ${common}`, subgroups],
          threads: null,
          variant: 'webgpu',
          variantReason: null,
          clock: wallClock(),
        },
        deviceLimits: limits,
        limits: {
          memoryBytes: Math.floor(totalmem() * 0.8),
          tensorBytes: Math.min(limits.maxBufferSize ?? 0, limits.maxStorageBufferBindingSize ?? 0),
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
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ['webgpu'],
        logSeverityLevel: 3,
        // An operator that the provider lacks would otherwise run on the CPU without a word.
        extra: { session: { disable_cpu_ep_fallback: '1' } },
      });
      const device = await ort.env.webgpu.device;
      const middle = performance.now();
      const layout = layoutOf(w, slice);
      const { shape, qElements, kvElements } = layout;
      const values = {
        q: new Float32Array(qElements),
        k: new Float32Array(kvElements),
        v: new Float32Array(kvElements),
      };
      fillTensors(data, w, slice, values);
      const queries = [shape.batch, shape.seqQuery, shape.queryHeads * w.headDim];
      const keys = [shape.batch, w.seqKv, shape.kvHeads * w.headDim];
      const buffers: GPUBuffer[] = [];
      // q, k, v and o stay on the device: what is timed is attention, not the way there.
      const place = (content: Float32Array<ArrayBuffer>, dims: number[]) => {
        const usage = BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST;
        const buffer = device.createBuffer({ size: content.byteLength, usage });
        device.queue.writeBuffer(buffer, 0, content);
        buffers.push(buffer);
        return { buffer, tensor: ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims }) };
      };
      const output = place(new Float32Array(qElements).fill(Number.NaN), queries);
      const feeds: Record<string, unknown> = {
        q: place(values.q, queries).tensor,
        k: place(values.k, keys).tensor,
        v: place(values.v, keys).tensor,
      };
      for (const item of extra) feeds[item.name] = new ort.Tensor('int32', item.values, item.shape);
      await device.queue.onSubmittedWorkDone();
      const id = table.add({
        session,
        device,
        feeds,
        fetches: { o: output.tensor },
        buffers,
        output: output.buffer,
        layout,
        headDim: w.headDim,
        flops: sliceFlops(w, slice),
      });
      return { id, compileSeconds: (middle - begin) / 1000, prepareSeconds: (performance.now() - middle) / 1000 };
    },
    async run(id) {
      const { session, device, feeds, fetches, flops } = table.get(id);
      const begin = performance.now();
      await session.run(feeds, fetches);
      await device.queue.onSubmittedWorkDone();
      return { seconds: (performance.now() - begin) / 1000, flops, clock: 'wall' };
    },
    async read(id, rows) {
      const { device, output, layout, headDim } = table.get(id);
      const staging = device.createBuffer({ size: output.size, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
      try {
        const encoder = device.createCommandEncoder();
        encoder.copyBufferToBuffer(output, 0, staging, 0, output.size);
        device.queue.submit([encoder.finish()]);
        await staging.mapAsync(MAP_MODE_READ);
        const all = new Float32Array(staging.getMappedRange());
        return rows.map((address) => all.slice(layout.locate(address), layout.locate(address) + headDim));
      } finally {
        staging.destroy();
      }
    },
    async dispose(id) {
      const { session, buffers } = table.take(id);
      await session.release();
      for (const buffer of buffers) buffer.destroy();
    },
    async close() {},
  };
}

/** The adapter as it would be without these features. */
function withoutFeatures(adapter: GPUAdapter, left: readonly string[]): GPUAdapter {
  const features = new Set([...adapter.features].filter((feature) => !left.includes(feature)));
  return new Proxy(adapter, {
    get(target, property) {
      if (property === 'features') return features;
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
