/** A WebAssembly module over the memory of its job. */

import type { Instantiate, KernelFunctions, ThreadJob } from './work-thread.ts';

export type WasmThreadJob = ThreadJob<WebAssembly.Module>;

/** The exports of a module as the functions of a thread. */
export const instantiateWasm: Instantiate<WebAssembly.Module> = ({ code, memory }) =>
  new WebAssembly.Instance(code, { host: { memory } }).exports as unknown as KernelFunctions;
