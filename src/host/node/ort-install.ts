/**
 * ONNX Runtime from the separate install of kernels/peers, loaded when a peer is asked for, and the part of it that is
 * used here.
 */

import { createRequire } from 'node:module';
import { firstLineOf, peersMissing } from '../../messages.ts';

/** An input or output of a session. */
export interface OrtTensor {
  data: Float32Array;
}

/** A model that is ready to run. Fetches are names of outputs, or tensors to write them into. */
export interface OrtSession<Tensor> {
  run(
    feeds: Record<string, Tensor>,
    fetches: readonly string[] | Record<string, Tensor>,
  ): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** The interface of onnxruntime-node and of onnxruntime-web's WebAssembly build. */
export interface OrtCpu {
  env: { versions: { common: string }; wasm: { numThreads: number } };
  Tensor: new (
    type: 'float32' | 'int32' | 'bool',
    values: Float32Array | Int32Array | Uint8Array,
    shape: number[],
  ) => OrtTensor;
  InferenceSession: {
    create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession<OrtTensor>>;
  };
}

/** The interface of onnxruntime-web's WebGPU build, whose tensors may be GPU buffers. */
export interface OrtWebgpu {
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
  InferenceSession: { create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession<unknown>> };
}

/** What can be loaded, by the name that it is imported by. */
interface Packages {
  'onnxruntime-node': OrtCpu;
  'onnxruntime-web/wasm': OrtCpu;
  'onnxruntime-web/webgpu': OrtWebgpu;
}

/** The peers' folder: filled by `npm run peers` in a checkout; from that of the package, what is installed beside it is found. */
const PEERS = new URL('../../../kernels/peers/package.json', import.meta.url);

/** Loads a build. Throws with the command that installs it where it is missing. */
export function loadOrt<Name extends keyof Packages>(name: Name): Packages[Name] {
  return loadPeer(name) as Packages[Name];
}

/** Loads any package of the peers' folder. Throws with the command that installs it where it is missing. */
export function loadPeer(name: string): unknown {
  try {
    return createRequire(PEERS)(name);
  } catch (error) {
    throw new Error(peersMissing(import.meta.url.endsWith('.ts'), firstLineOf(error)));
  }
}
