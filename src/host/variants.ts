/** How kernels of the CPU are compiled, where there is a choice: WebAssembly by features, machine code by instructions. */

import { INSTRUCTION_SETS, type InstructionSet } from '../../kernels/device.ts';
import { WASM_VARIANTS, type WasmVariant } from './cpu/wasm-variants.ts';

/** A variant of either. */
export type KernelVariant = WasmVariant | InstructionSet;

/** The variant as one of WebAssembly; null where it is of machine code, or none. */
export const wasmVariantOf = (variant: KernelVariant | null): WasmVariant | null =>
  WASM_VARIANTS.find((known) => known === variant) ?? null;

/** The variant as a set of instructions; null where it is of WebAssembly, or none. */
export const setOf = (variant: KernelVariant | null): InstructionSet | null =>
  INSTRUCTION_SETS.find((known) => known === variant) ?? null;
