/** A host for WebAssembly programs: what the host of threads needs of the engine. */

import type { Features } from '../../../kernels/device.ts';
import type { Program, WasmProgram } from '../../../kernels/kernel.ts';
import type { Host } from '../contract.ts';
import { createThreadedHost, type ThreadedHostOptions } from './threaded-host.ts';
import { createCompiler, hasRelaxedSimd } from './wasm-compiler.ts';
import { instantiateWasm } from './wasm-instance.ts';

/** The engine and the machine of a WebAssembly host, which differ between Node and browsers. */
export interface WasmHostOptions extends ThreadedHostOptions<WebAssembly.Module> {
  /** True where the engine was started with its revectoriser on. */
  simd256: boolean;
  /** False forbids fused multiply-adds even where the engine has them. */
  relaxedSimd: boolean;
}

/** Opens a host. Its first step is to ask the engine for relaxed SIMD. */
export async function createWasmHost(options: WasmHostOptions): Promise<Host> {
  const { simd256, sharedMemory } = options;
  const features: Features = {
    relaxedSimd: options.relaxedSimd && (await hasRelaxedSimd()),
    simd256,
    f16: false,
    unsharedMemory: !sharedMemory,
  };
  const compile = createCompiler();
  return createThreadedHost(options, {
    backend: 'wasm',
    listed: ['simd', ...(features.relaxedSimd ? ['relaxed-simd'] : []), ...(simd256 ? ['revectorize'] : [])],
    features,
    compile: (program) => compile(requireWasm(program)),
    instantiate: instantiateWasm,
  });
}

function requireWasm(program: Program): WasmProgram {
  if (program.kind !== 'wasm') throw new TypeError(`a WebAssembly host cannot run a ${program.kind} program`);
  return program;
}
