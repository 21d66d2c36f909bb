/** Child processes for the variants of the WebAssembly kernels, each with the engine flags that it needs. */

import { chooseVariant, type VariantChoice, type WasmVariant } from '../cpu/wasm-variants.ts';
import { wasmRole } from '../role.ts';
import { revectorizeFlag, wasmFlags } from './flags.ts';
import { type ChildHost, spawnHost } from './spawn.ts';

/** Starts a child for a variant on `threads` threads. */
export function spawnWasm(variant: WasmVariant, threads: number): Promise<ChildHost> {
  return spawnHost({ role: wasmRole(variant, threads), flags: wasmFlags(variant), env: {} });
}

/** 256 bits must gain this much to be worth an experimental flag. */
const WORTHWHILE = 1.1;

/** The best variant for this Node and CPU. */
export function chooseNodeVariant(): Promise<VariantChoice> {
  return chooseVariant({
    open: (variant) => spawnWasm(variant, 1),
    revectorizer: revectorizeFlag() !== undefined,
    worthwhile: WORTHWHILE,
  });
}
