/** The V8 flags that a variant of the WebAssembly kernels needs, chosen from what this Node knows. */

import { execFileSync } from 'node:child_process';
import type { WasmVariant } from '../cpu/wasm-variants.ts';

/** Two spellings of V8's revectoriser: it lost its prefix when it left the experiments. */
export const REVECTORIZE = ['--experimental-wasm-revectorize', '--wasm-revectorize'];

/** Asking takes a tenth of a second; a process that is stopped is given up after this, milliseconds. */
const PATIENCE = 30_000;
let known: string | undefined;

/** The options of this Node's V8. Throws where the process that is asked ends twice without an answer. */
function knownOptions(): string {
  try {
    known ??= askOptions();
  } catch {
    // Something has ended it, which says nothing of the next one.
    known = askOptions();
  }
  return known;
}

const askOptions = () =>
  execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', timeout: PATIENCE, killSignal: 'SIGKILL' });

const knows = (flag: string) => new RegExp(`^\\s*${flag}\\b`, 'm').test(knownOptions());

/** The flag that turns the revectoriser on, or undefined where this engine has none. */
export function revectorizeFlag(): string | undefined {
  return REVECTORIZE.find(knows);
}

/**
 * Flags that the child of a variant is started with. V8 compiles a function for speed once it has run for a budget; a
 * small budget makes warming short. (Without the baseline compiler altogether the tools inside the child, the assembler
 * and the reader of TypeScript, take a second to start.)
 */
export function wasmFlags(variant: WasmVariant): string[] {
  const flags = knows('--wasm-tiering-budget') ? ['--wasm-tiering-budget=10000'] : [];
  const revectorize = revectorizeFlag();
  return variant === 'simd256' && revectorize !== undefined ? [...flags, revectorize] : flags;
}
