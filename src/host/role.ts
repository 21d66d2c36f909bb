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

/** Which WebGPU adapter to use, and which limits to ask of its device. */
export interface WebgpuOptions {
  /** Part of an adapter's name, or null for the high-performance one. */
  adapter: string | null;
  allowSoftware: boolean;
  /** Limits to ask for below the adapter's own, by name. */
  limits: Record<string, number>;
}

/** The role of a WebAssembly host whose kernels are compiled in a variant. */
export function wasmRole(variant: string, threads: number): HostRole {
  return { backend: 'wasm', threads, simd256: variant === 'simd256', relaxedSimd: variant !== 'simd' };
}
