/**
 * A host for ONNX Runtime's WebGPU attention, over the same Dawn and adapter as our own kernels; one session run is one
 * sample.
 */

import { ortModel } from '../../../kernels/peers/ort-model.ts';
import { sliceFlops, sliceShape } from '../../problem/slice.ts';
import type { Host } from '../contract.ts';
import { describeAdapter } from '../gpu/adapter-description.ts';
import { createGpuPoison, type GpuPoison } from '../gpu/poison.ts';
import { BUFFER_USAGE, MAP_MODE_READ } from '../gpu/usage-flags.ts';
import { outputReads } from '../output-reads.ts';
import { NO_FEATURES, NO_WORKGROUPS } from '../plain-device.ts';
import { createPreparedTable } from '../prepared-table.ts';
import type { WebgpuOptions } from '../role.ts';
import { createTensors, layoutOf, type TensorLayout } from '../tensor-layout.ts';
import { wallClock } from '../wall-clock.ts';
import { provideAdapter } from './ort-adapter.ts';
import { loadOrt, type OrtSession } from './ort-install.ts';
import { spareMemoryBytes } from './this-machine.ts';

interface PreparedOrtWebgpu {
  session: OrtSession<unknown>;
  device: GPUDevice;
  feeds: Record<string, unknown>;
  fetches: Record<string, unknown>;
  buffers: GPUBuffer[];
  output: GPUBuffer;
  poison: GpuPoison;
  layout: TensorLayout;
  flops: number;
}

/** A host on the adapter that the options ask for. Throws with the reason where that, or the install, is missing. */
export async function createOrtWebgpuHost(options: WebgpuOptions): Promise<Host> {
  const ort = loadOrt('onnxruntime-web/webgpu');
  const { adapter, subgroups } = await provideAdapter(options);
  const { name, software, limits } = describeAdapter(adapter);
  ort.env.logLevel = 'error';
  ort.env.wasm.numThreads = 1;

  const table = createPreparedTable<PreparedOrtWebgpu>();
  return {
    async environment() {
      return {
        device: {
          name,
          backend: 'webgpu',
          library: 'onnxruntime',
          software,
          features: [`onnxruntime-web ${ort.env.versions.common}`, subgroups],
          threads: null,
          variant: 'webgpu',
          variantReason: null,
          clock: wallClock(),
        },
        deviceLimits: limits,
        limits: {
          memoryBytes: spareMemoryBytes(),
          tensorBytes: Math.min(limits.maxBufferSize ?? 0, limits.maxStorageBufferBindingSize ?? 0),
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
      const { model, queryShape, keyShape, extra } = ortModel(sliceShape(w, slice));
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ['webgpu'],
        logSeverityLevel: 3,
        // An operator that the provider lacks would otherwise run on the CPU without a word.
        extra: { session: { disable_cpu_ep_fallback: '1' } },
      });
      const device = await ort.env.webgpu.device;
      const middle = performance.now();
      const layout = layoutOf(w, slice);
      const { q, k, v, o } = createTensors(data, w, slice, layout);
      const buffers: GPUBuffer[] = [];
      // q, k, v and o stay on the device: what is timed is attention, not the way there.
      const upload = (values: Float32Array<ArrayBuffer>, dims: number[]) => {
        const usage = BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST;
        const buffer = device.createBuffer({ size: values.byteLength, usage });
        device.queue.writeBuffer(buffer, 0, values);
        buffers.push(buffer);
        return { buffer, tensor: ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims }) };
      };
      const output = upload(o, queryShape);
      const feeds: Record<string, unknown> = {
        q: upload(q, queryShape).tensor,
        k: upload(k, keyShape).tensor,
        v: upload(v, keyShape).tensor,
      };
      for (const { name: input, shape, values } of extra) feeds[input] = new ort.Tensor('int32', values, shape);
      await device.queue.onSubmittedWorkDone();
      const id = table.add({
        session,
        device,
        feeds,
        fetches: { o: output.tensor },
        buffers,
        output: output.buffer,
        poison: createGpuPoison(device),
        layout,
        flops: sliceFlops(w, slice),
      });
      return { id, compileSeconds: (middle - begin) / 1000, prepareSeconds: (performance.now() - middle) / 1000 };
    },
    async run(id) {
      const { session, device, feeds, fetches, flops, output, poison } = table.get(id);
      poison([output], 'f32');
      await device.queue.onSubmittedWorkDone();
      const begin = performance.now();
      await session.run(feeds, fetches);
      await device.queue.onSubmittedWorkDone();
      return { seconds: (performance.now() - begin) / 1000, flops, clock: 'wall' };
    },
    ...outputReads(async (id) => {
      const prepared = table.get(id);
      return { output: await outputOf(prepared), layout: prepared.layout };
    }),
    async dispose(id) {
      const { session, buffers } = table.take(id);
      await session.release();
      for (const buffer of buffers) buffer.destroy();
    },
    async close() {},
  };
}

/** The whole output of the last run. */
async function outputOf({ device, output }: PreparedOrtWebgpu): Promise<Float32Array> {
  const staging = device.createBuffer({ size: output.size, usage: BUFFER_USAGE.MAP_READ | BUFFER_USAGE.COPY_DST });
  try {
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(output, 0, staging, 0, output.size);
    device.queue.submit([encoder.finish()]);
    await staging.mapAsync(MAP_MODE_READ);
    return new Float32Array(staging.getMappedRange().slice(0));
  } finally {
    staging.destroy();
  }
}
