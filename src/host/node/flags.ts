/** The V8 flags that a variant of the WebAssembly kernels needs, chosen from what this Node knows. */

import { execFileSync } from 'node:child_process';

/** Two spellings of V8's revectoriser: it lost its prefix when it left the experiments. */
const REVECTORIZE = ['--experimental-wasm-revectorize', '--wasm-revectorize'];

let known: string | undefined;

function knownOptions(): string {
  known ??= execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8' });
  return known;
}

const knows = (flag: string) => new RegExp(`^\\s*${flag}\\b`, 'm').test(knownOptions());

/** The flag that turns the revectoriser on, or undefined where this engine has none. */
export function revectorizeFlag(): string | undefined {
  return REVECTORIZE.find(knows);
}

/** Flags for every WebAssembly child: the optimising compiler at once, so that no sample runs in the baseline one. */
export function wasmFlags(variant: WasmVariant): string[] {
  const flags = ['--no-liftoff'].filter((flag) => knows(flag.replace('--no-', '--')));
  const revectorize = revectorizeFlag();
  if (variant === 'simd256' && revectorize !== undefined) flags.push(revectorize);
  return flags;
}

/** How the WebAssembly kernels are compiled: plain SIMD, with fused multiply-adds, or packed into 256 bits as well. */
export type WasmVariant = 'simd' | 'simd-relaxed' | 'simd256';
export const WASM_VARIANTS: readonly WasmVariant[] = ['simd', 'simd-relaxed', 'simd256'];
