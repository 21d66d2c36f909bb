/** What a process or a worker is asked to be: one host, by its backend and how that is set up. */

/** The backend of a host and its setup. */
export type HostRole =
  | { backend: 'scalar' }
  | { backend: 'wasm'; threads: number; simd256: boolean; relaxedSimd: boolean }
  | {
      backend: 'webgpu';
      options: WebgpuOptions;
      /** Skip the test of the clocks: nothing will be timed. */
      untimed?: boolean;
    };

/** What an experiment changes in how a device is opened and driven; nothing in it is the usual way. */
export interface GpuSettings {
  /** Seconds that a submission aims at. */
  submissionSeconds?: number | undefined;
  /** False: reads and writes out of bounds are not guarded. Dawn in Node only; a browser always guards them. */
  robustness?: false | undefined;
}

/** Which WebGPU adapter to use, and which limits to ask of its device. */
export interface WebgpuOptions {
  /** Part of an adapter's name, or null for the high-performance one. */
  adapter: string | null;
  allowSoftware: boolean;
  /** Limits to ask for below the adapter's own, by name. */
  limits: Record<string, number>;
  settings?: GpuSettings | undefined;
}

/** The role of a WebAssembly host whose kernels are compiled in a variant. */
export function wasmRole(variant: string, threads: number): HostRole {
  return { backend: 'wasm', threads, simd256: variant === 'simd256', relaxedSimd: variant !== 'simd' };
}
