/** Child processes for the variants of the WebAssembly kernels, each with the engine flags that it needs. */

import { chooseVariant, type VariantChoice, type WasmVariant } from '../variants.ts';
import { revectorizeFlag, wasmFlags } from './flags.ts';
import { type ChildHost, spawnHost } from './spawn.ts';

/** Starts a child for a variant on `threads` threads. */
export function spawnWasm(variant: WasmVariant, threads: number): Promise<ChildHost> {
  const role = { backend: 'wasm', threads, simd256: variant === 'simd256', relaxedSimd: variant !== 'simd' } as const;
  return spawnHost({ role, flags: wasmFlags(variant), env: {} });
}

/** The best variant for this Node and CPU. */
export function chooseNodeVariant(): Promise<VariantChoice> {
  return chooseVariant((variant) => spawnWasm(variant, 1), revectorizeFlag() !== undefined);
}
